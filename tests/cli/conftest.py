from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.raw import Door, raw_door


@pytest.fixture
def door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Door]:
    """Commands that meet a service of the test's own making."""
    with raw_door(tmp_path, monkeypatch, capsys) as found:
        yield found
