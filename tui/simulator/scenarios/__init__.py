"""Everything that can go wrong with a service, by name: the registry of scenarios.

A scenario is asked for as ``NAME[=DELAY][:TURN][@WHERE]``. The turn says which of the requests that
it could strike it does strike: ``3`` the third, ``1-3`` the first three, ``11-`` all after ten,
``30%`` about a third of them. ``@POST /snapshots/`` limits it to a method, a path, or both. Several
work together, in the order given.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from tui.simulator.scenarios import answers, connection, lists, power, rivals, worlds, writes
from tui.simulator.scenarios.base import (
    Asked,
    Scenario,
    Turn,
    UnknownScenario,
    Where,
    delay,
)
from tui.simulator.web import Hook

__all__ = ["GROUPS", "SCENARIOS", "Scenario", "UnknownScenario", "hooks"]

GROUPS: Final[dict[str, tuple[Scenario, ...]]] = {
    "The connection": connection.SCENARIOS,
    "Answers: errors, limits, rights, bodies, redirects, clocks": answers.SCENARIOS,
    "Lists": lists.SCENARIOS,
    "Writes: carried out or not, answered or not, and what becomes of them": writes.SCENARIOS,
    "Power": power.SCENARIOS,
    "Somebody else on the same account": rivals.SCENARIOS,
    "States of the world": worlds.SCENARIOS,
}
SCENARIOS: Final[dict[str, Scenario]] = {
    scenario.name: scenario for scenarios in GROUPS.values() for scenario in scenarios
}


def hooks(names: Sequence[str], seed: int = 1) -> list[Hook]:
    """The hooks of some scenarios, as ``NAME[=DELAY][:TURN][@WHERE]``. Raises UnknownScenario.

    Those that spoil an answer beyond reading come after those that read it.
    """
    made = [_make(text, _chance(f"{seed}/{n}/{text}")) for n, text in enumerate(names)]
    return sorted(made, key=lambda hook: hook.last)


def _chance(seed: str) -> random.Random:
    """The same chances for the same seed, which may be text that is no UTF-8."""
    return random.Random(seed.encode("utf-8", "backslashreplace"))  # noqa: S311


def _make(text: str, rng: random.Random) -> Hook:
    rest, at, where = text.partition("@")
    rest, colon, turn = rest.partition(":")
    name, equals, wait = rest.partition("=")
    scenario = SCENARIOS.get(name)
    if scenario is None:
        raise UnknownScenario(f"{name}: there is no such scenario")
    if not scenario.takes_turns and (colon or at):
        raise UnknownScenario(f"{name} is a state of the world: it takes no turn and no @")
    if equals and scenario.seconds is None:
        raise UnknownScenario(f"{name} takes no delay")
    seconds = delay(wait) if equals else scenario.seconds or 0.0
    return scenario.make(Asked(text, Turn(turn, rng), rng, seconds, Where(where) if at else None))
