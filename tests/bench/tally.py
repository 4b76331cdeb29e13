"""What the journal says, held against what the provider did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.bench.fates import Fate
from tui.fleet.operation import Certainty, Operation, State
from tui.simulator.world import World

NOT_DONE = (State.REFUSED, State.NEVER_SENT, State.NOT_CARRIED_OUT)


@dataclass(frozen=True)
class Asking:
    """One admin who asks once: what for, through which door, and what the provider makes of it.

    `origin` is the address the journal knows the admin by; askings with the same `thing` are for
    the same write, none of them after having been told what became of the one before.
    """

    number: int
    door: str
    kind: str
    server: str
    name: str
    fate: Fate

    @property
    def token(self) -> str:
        return f"vps_asking_{self.number:08d}"

    @property
    def origin(self) -> str:
        return f"10.{self.number >> 16}.{self.number >> 8 & 255}.{self.number & 255}"

    @property
    def thing(self) -> tuple[str, str, str]:
        return self.kind, self.server, self.name


@dataclass
class Tally:
    """Counts, and a line for everything that must not be."""

    kills: int = 0
    askings: int = 0
    intents: int = 0
    sends: int = 0
    carried_out: int = 0
    doubles: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    still_open: list[str] = field(default_factory=list)
    likely_and_wrong: list[str] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)

    def settle(
        self, askings: Iterable[Asking], operations: Iterable[Operation], world: World
    ) -> None:
        """Count a batch in which everything has had its time."""
        asked = {asking.origin: asking for asking in askings}
        found: dict[str, list[Operation]] = {origin: [] for origin in asked}
        for operation in operations:
            found[operation.origin].append(operation)
        done: Counter[tuple[str, str, str]] = Counter()
        for origin, asking in asked.items():
            fate, written = asking.fate, found[origin]
            done[asking.thing] += fate.done[asking.kind]
            self.askings += 1
            self.intents += len(written)
            self.sends += fate.sent.total()
            self.carried_out += fate.done.total()
            if fate.sent.total() > 1:
                self.doubles.append(f"sent {fate.sent.total()} times: {asking}")
            if fate.sent.total() > len(written):
                self.forgotten.append(f"sent, and not in the journal: {asking}")
            for operation in written:
                self._end(operation, asking, world)
        for thing, count in done.items():
            if count > 1:
                self.doubles.append(f"carried out {count} times: {' '.join(thing)}")

    def _end(self, operation: Operation, asking: Asking, world: World) -> None:
        certainty = operation.certainty
        self.ends[f"{operation.state.value}, {certainty.value if certainty else 'open'}"] += 1
        if not operation.ended:
            self.still_open.append(f"{operation}")
        if certainty is Certainty.LIKELY and (lie := contradiction(operation, asking, world)):
            self.likely_and_wrong.append(f"{lie}: {operation}")
        self.check(operation, asking, world)

    def check(self, operation: Operation, asking: Asking, world: World) -> None:
        """Note what is said to be proved and is not so at this moment."""
        if operation.certainty is not Certainty.PROVED:
            return
        if lie := contradiction(operation, asking, world):
            line = f"{lie}: {operation}"
            if line not in self.false:
                self.false.append(line)

    @property
    def good(self) -> bool:
        """Whether nothing was done twice, forgotten, or called proved though it is not so."""
        return not (self.doubles or self.forgotten or self.false or self.still_open)

    def __str__(self) -> str:
        figures = {
            "kills": self.kills,
            "askings": self.askings,
            "intents": self.intents,
            "sends": self.sends,
            "carried out": self.carried_out,
            "doubles": len(self.doubles),
            "forgotten": len(self.forgotten),
            "false verdicts": len(self.false),
            "without an end": len(self.still_open),
            "likely, and not so": len(self.likely_and_wrong),
        }
        lines = [f"{name:20}{value:6}" for name, value in figures.items()]
        lines += ["", "struck while the journal had:"]
        lines += [f"  {name:28}{value:6}" for name, value in sorted(self.struck.items())]
        lines += ["", "ends:"]
        lines += [f"  {name:36}{value:6}" for name, value in sorted(self.ends.items())]
        bad = (*self.doubles, *self.forgotten, *self.false, *self.still_open)
        return "\n".join(
            (*lines, *bad, *map("likely, and not so: {}".format, self.likely_and_wrong))
        )


def contradiction(operation: Operation, asking: Asking, world: World) -> str:
    """What in the world speaks against an operation's state now; empty where nothing does."""
    fate, kind, state = asking.fate, operation.kind.value, operation.state
    now, done = world.clock.now(), asking.fate.done[operation.kind.value] > 0
    held = world.snapshots.get(int(operation.snapshot_id or 0))
    there = held is not None and now < held.gone_at
    if state is State.NEVER_SENT and fate.sent[kind]:
        return "it was sent"
    if state in NOT_DONE and done:
        return "it was carried out"
    if state is State.VANISHED and there:
        return "it is there"
    if state is State.UNSEEN and operation.certainty is Certainty.PROVED:
        return "what cannot be seen proves nothing"
    if state not in (State.ACCEPTED, State.COMPLETED, State.FAILED):
        return ""
    if kind == "delete":
        return "it is there" if state is State.COMPLETED and there else ""
    if not done:
        return "it was not carried out"
    if kind == "create":
        if operation.snapshot_id not in fate.made:
            return "that is another's snapshot"
        outcome = held.status(now) if held is not None else "gone"
        wanted = {State.COMPLETED: "completed", State.FAILED: "failed"}.get(state, outcome)
        return "" if outcome == wanted else f"it is {outcome}"
    server = next(s for s in world.servers.values() if s.id == operation.server_id)
    return "it goes on" if state is State.COMPLETED and now < server.restoring_until else ""
