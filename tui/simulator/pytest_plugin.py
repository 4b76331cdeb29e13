"""For pytest: the fixture ``vps_simulator``. Nothing is loaded until a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tui.simulator.simulation import Simulator

MARKER = "vps_simulator(*scenarios, **options): with which scenarios and options it runs"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def vps_simulator(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulated VPS.org: `url`, `token`, `advance`, `play`, `requests`, `reset` and more.

    ``@pytest.mark.vps_simulator("lost-answer:1", fleet="published")`` gives scenarios and options.
    """
    from tui.simulator.simulation import Simulator

    marker = request.node.get_closest_marker("vps_simulator")
    arguments, options = (marker.args, marker.kwargs) if marker else ((), {})
    with Simulator(*arguments, **options) as simulator:
        yield simulator
