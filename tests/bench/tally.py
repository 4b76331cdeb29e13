"""What the journal says, held against what the provider did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.bench.fates import Aim, Fate
from tui.fleet.operation import Certainty, Operation, State
from tui.simulator.world import World

NOT_DONE = (State.REFUSED, State.NEVER_SENT, State.NOT_CARRIED_OUT)


@dataclass(frozen=True)
class Asking:
    """One admin who asks once: what for, through which door, and what the provider makes of it.

    `origin` is the address the journal knows the admin by. `kind` is a write, ``set`` (a create on
    each of `more` as well) or ``safety`` (a create, and once it is completed a restore).
    """

    number: int
    door: str
    kind: str
    server: str
    name: str
    fate: Fate
    more: tuple[str, ...] = ()
    address: str = ""

    @property
    def token(self) -> str:
        return f"vps_asking_{self.number:08d}"

    @property
    def origin(self) -> str:
        return (
            self.address or f"10.{self.number >> 16}.{self.number >> 8 & 255}.{self.number & 255}"
        )

    @property
    def planned(self) -> bool:
        return self.kind in ("set", "safety")

    @property
    def servers(self) -> tuple[str, ...]:
        return self.server, *self.more

    def intent(self, aim: Aim) -> tuple[str, str, int]:
        """What one write of it is for: two askings with the same intent want the same.

        None of them was told what became of the one before.
        """
        return "planned" if self.planned else "alone", *aim


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
        done: Counter[tuple[str, str, int]] = Counter()
        for origin, asking in asked.items():
            fate, written = asking.fate, found[origin]
            self.askings += 1
            self.intents += len(written)
            self.sends += fate.sent.total()
            self.carried_out += fate.done.total()
            for aim, count in fate.done.items():
                done[asking.intent(aim)] += count
            recorded = Counter((o.kind.value, int(o.server_id)) for o in written)
            for aim, count in fate.sent.items():
                if count > 1:
                    self.doubles.append(f"sent {count} times: {aim} of {asking}")
                if count > recorded[aim]:
                    self.forgotten.append(f"sent, and not in the journal: {aim} of {asking}")
            for operation in written:
                self._end(operation, asking, world)
        for intent, count in done.items():
            if count > 1:
                self.doubles.append(f"carried out {count} times: {intent}")

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
    aim = kind, int(operation.server_id)
    now, done = world.clock.now(), asking.fate.done[aim] > 0
    held = world.snapshots.get(int(operation.snapshot_id or 0))
    there = held is not None and now < held.gone_at
    if state is State.NEVER_SENT and fate.sent[aim]:
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
