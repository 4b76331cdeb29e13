"""What takes more than one write: a plan with its steps, and where each of them stands."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import force_setattr, replace

from tui.fleet.operation import Kind, Operation, State
from tui.vps.models import Key, Server, Snapshot


class PlanKind(enum.Enum):
    """What a plan is for."""

    MAKE_ROOM = "make room"
    SAFETY_RESTORE = "safety restore"
    CREATE = "create"
    STOPPED_CREATE = "create with a stop"  # each server is stopped for it and started after
    DELETE = "delete"
    RETENTION = "retention"  # deletes, each only as long as a newer completed one is there


class Standing(enum.Enum):
    """Where a step stands."""

    UNSENT = "not sent yet"
    RUNNING = "running"
    DONE = "done"
    NOT_DONE = "not done"  # refused, failed, or not carried out
    SKIPPED = "not sent"  # and it will not be
    UNTOLD = "cannot be told"


_STANDINGS: Final = {
    State.WAITING: Standing.RUNNING,
    State.INTENT: Standing.RUNNING,
    State.SENT: Standing.RUNNING,
    State.UNKNOWN: Standing.RUNNING,
    State.ACCEPTED: Standing.RUNNING,
    State.COMPLETED: Standing.DONE,
    State.UNSEEN: Standing.UNTOLD,
}
ENDED_BY: Final = "ended by"
"""How the words of a plan begin that somebody ended; those of the steps left then are the same."""
OVER: Final = frozenset({Standing.DONE, Standing.NOT_DONE, Standing.SKIPPED, Standing.UNTOLD})
"""Where nothing more comes of a step."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a plan, with its target as it was when the admin agreed to it.

    `name` is the snapshot's, `description` what is kept with it (of a delete: its reason).
    `needs` is the number of a step that has to be completed first. `operation` is the id of the
    operation that it became, `became` that operation where it is still kept. `words` say why
    nothing (more) is sent, empty where that is not decided. `power` says what is done to its
    server here and now, beside that operation; it is not recorded.
    """

    kind: Kind
    server_id: Key
    server_name: str
    name: str
    description: str = ""
    target: Snapshot | None = None
    needs: int | None = None
    number: int = 0
    operation: int | None = None
    words: str = ""
    became: Operation | None = None
    power: str = ""

    @property
    def standing(self) -> Standing:
        """Where it stands, as far as the journal tells."""
        if self.became is None:
            if self.words:
                return Standing.SKIPPED
            if self.power:
                return Standing.RUNNING
            return Standing.UNSENT if self.operation is None else Standing.UNTOLD
        if self.became.state is State.NEVER_SENT:
            return Standing.SKIPPED if self.words else Standing.UNSENT
        return _STANDINGS.get(self.became.state, Standing.NOT_DONE)

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.standing in OVER

    @property
    def reason(self) -> str:
        """Why it was not done, in the words of whoever said no; else empty."""
        return self.words or (self.became.words if self.became is not None else "")

    @property
    def stands(self) -> str:
        """Where it stands, in the words of its operation, or of what is done to its server."""
        if self.became is not None:
            return self.became.stands
        switching = self.standing is Standing.RUNNING
        return self.power if switching else self.standing.value

    @property
    def title(self) -> str:
        """What is done to what: ``create of before-update``."""
        return f"{self.kind.value} of {self.name}"


class Tally(Counter[Standing]):
    """How many steps stand where."""

    @property
    def not_done(self) -> int:
        """How many came to nothing, sent or not."""
        return self[Standing.NOT_DONE] + self[Standing.SKIPPED]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Several writes that belong together, as the journal keeps them.

    Times are seconds since 1970 UTC. `ended_at` is None while something can still come of it.
    `words` say why it stopped or ended early. `owned`: a living process is at it, `ours`: this one.
    """

    kind: PlanKind
    name: str
    steps: tuple[Step, ...]
    id: int = 0
    account: str = ""
    user: str = ""
    origin: str = ""
    asked_at: float = 0.0
    ended_at: float | None = None
    words: str = ""
    owned: bool = False
    ours: bool = False

    def __post_init__(self) -> None:
        numbered = tuple(
            step if step.number == n else replace(step, number=n)
            for n, step in enumerate(self.steps, 1)
        )
        force_setattr(self, "steps", numbered)

    @property
    def tally(self) -> Tally:
        """How many steps stand where; of a set of creates, without those that make room."""
        return Tally(step.standing for step in self._counted)

    @property
    def failed(self) -> int:
        """How many of those not done the provider had begun."""
        return sum(s.became is not None and s.became.state is State.FAILED for s in self.steps)

    @property
    def doubtful(self) -> int:
        """How many of those not done nobody has refused: it is only likely that nothing came."""
        likely = (State.NOT_CARRIED_OUT, State.VANISHED)
        return sum(s.became is not None and s.became.state in likely for s in self._counted)

    @property
    def _counted(self) -> Sequence[Step]:
        if not self.creates:
            return self.steps
        return [step for step in self.steps if step.kind is not Kind.DELETE]

    @property
    def given_up(self) -> int:
        """How many of those not done were left when somebody ended the plan."""
        aside = Kind.DELETE if self.creates else None
        return sum(
            step.standing is Standing.SKIPPED
            and step.words == self.words
            and step.words.startswith(ENDED_BY)
            and step.kind is not aside
            for step in self.steps
        )

    @property
    def operations(self) -> frozenset[int]:
        """The numbers of the operations that its steps have become."""
        return frozenset(s.operation for s in self.steps if s.operation is not None)

    @property
    def unsent(self) -> tuple[Step, ...]:
        """The steps that are still to be sent."""
        return tuple(step for step in self.steps if step.standing is Standing.UNSENT)

    @property
    def open(self) -> bool:
        """Whether something can still come of it."""
        return self.ended_at is None

    @property
    def over(self) -> bool:
        """Whether nothing more comes of any step."""
        return all(step.over for step in self.steps)

    @property
    def interrupted(self) -> bool:
        """Whether steps are left to send, and nobody is at it: it can be gone on with."""
        return self.open and not self.owned and bool(self.unsent)

    @property
    def waiting(self) -> bool:
        """Whether what is left waits for the provider, which takes minutes."""
        left = self.unsent
        return bool(left) and all(self._waits(step) for step in left)

    def needed(self, step: Step) -> Step | None:
        """The step that has to be completed before this one; None where none has."""
        return None if step.needs is None else self.steps[step.needs - 1]

    def _waits(self, step: Step) -> bool:
        needed = self.needed(step)
        if needed is None:
            return False
        if needed.standing is Standing.UNSENT:
            return self._waits(needed)
        answered = (State.ACCEPTED, State.UNKNOWN)
        return needed.became is not None and needed.became.state in answered

    @property
    def many(self) -> bool:
        """Whether it is the same on many, and not one thing in several steps."""
        return self.deletes or self.creates

    @property
    def creates(self) -> bool:
        """Whether it is a set of creates."""
        return self.kind is PlanKind.CREATE or self.stops

    @property
    def stops(self) -> bool:
        """Whether each server is stopped for its snapshot, and started after."""
        return self.kind is PlanKind.STOPPED_CREATE

    @property
    def deletes(self) -> bool:
        """Whether it is a set of deletes."""
        return self.kind in (PlanKind.DELETE, PlanKind.RETENTION)

    def with_step(self, number: int, operation: Operation) -> Plan:
        """The same with a step that has become an operation."""
        steps = list(self.steps)
        steps[number - 1] = replace(steps[number - 1], operation=operation.id, became=operation)
        return replace(self, steps=tuple(steps))

    def with_operation(self, operation: Operation) -> Plan:
        """The same with what became of one of its operations."""
        steps = tuple(
            replace(step, became=operation) if step.operation == operation.id else step
            for step in self.steps
        )
        return replace(self, steps=steps)


def create_step(
    server: Server, name: str, description: str = "", *, needs: int | None = None
) -> Step:
    """A snapshot of a server."""
    return Step(
        kind=Kind.CREATE,
        server_id=server.id,
        server_name=server.name,
        name=name,
        description=description,
        needs=needs,
    )


def target_step(kind: Kind, target: Snapshot, why: str = "", *, needs: int | None = None) -> Step:
    """The restore or delete of a snapshot, which is frozen as it is now."""
    return Step(
        kind=kind,
        server_id=target.server_id,
        server_name=target.server_name,
        name=target.name,
        description=why,
        target=target,
        needs=needs,
    )
