"""One write and its life: what was asked, what became of it, and which steps are possible."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

import msgspec

from tui.fleet.clock import Moment
from tui.vps.models import Key


class Kind(enum.Enum):
    """What an operation does."""

    CREATE = "create"
    RESTORE = "restore"
    DELETE = "delete"


class State(enum.Enum):
    """Where an operation stands. The four after the first are open: it may be going on."""

    WAITING = "waiting"  # left by version 0.1: it waited for its safety snapshot, and is not sent
    INTENT = "intent"  # on disk, not sent
    SENT = "sent"  # leaving, or on the wire
    UNKNOWN = "unknown"  # sent, and no usable answer came: being checked by listing
    ACCEPTED = "accepted"  # the provider said yes, or a listing proved it

    REFUSED = "refused"  # the provider said no; nothing happened
    NEVER_SENT = "never sent"  # no connection, or stopped before the request left
    NOT_CARRIED_OUT = "not carried out"  # unknown, then two settled listings without it
    COMPLETED = "completed"
    FAILED = "failed"
    VANISHED = "vanished"  # accepted, later no longer listed
    UNSEEN = "cannot be seen"  # nothing here can tell: time is up, or the admin said so


class Certainty(enum.Enum):
    """How sure it is what became of an operation."""

    PROVED = "proved"
    LIKELY = "likely"
    UNTOLD = "cannot be told"


OPEN: Final = frozenset({State.INTENT, State.SENT, State.UNKNOWN, State.ACCEPTED})
"""The provider may be at it, or nobody knows: nothing else is written to that server meanwhile."""
PENDING: Final = OPEN | {State.WAITING}
DENIED: Final = frozenset({State.NOT_CARRIED_OUT, State.VANISHED, State.UNSEEN})
"""Ends without a sign of what was asked for."""
HELD: Final = {Kind.CREATE: 600.0, Kind.RESTORE: 900.0, Kind.DELETE: 600.0}
"""Seconds from its begin for which an operation keeps its server although it has ended, unless its
end is proved: the longest that the provider publishes. A late delete may come as late."""
TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.WAITING: frozenset({State.INTENT, State.NEVER_SENT}),
    State.INTENT: frozenset({State.SENT, State.NEVER_SENT}),
    State.SENT: frozenset(
        {State.ACCEPTED, State.COMPLETED, State.REFUSED, State.NEVER_SENT, State.UNKNOWN}
    ),
    State.UNKNOWN: frozenset(
        {State.ACCEPTED, State.COMPLETED, State.FAILED, State.NOT_CARRIED_OUT, State.UNSEEN}
    ),
    State.ACCEPTED: frozenset({State.COMPLETED, State.FAILED, State.VANISHED, State.UNSEEN}),
    # Ends that are not proved can turn out to have been wrong.
    State.NOT_CARRIED_OUT: frozenset({State.ACCEPTED, State.COMPLETED, State.FAILED, State.UNSEEN}),
    State.VANISHED: frozenset({State.ACCEPTED, State.COMPLETED, State.FAILED}),
    State.UNSEEN: frozenset({State.ACCEPTED, State.COMPLETED, State.FAILED}),
    State.COMPLETED: frozenset({State.ACCEPTED, State.FAILED, State.NOT_CARRIED_OUT, State.UNSEEN}),
    State.FAILED: frozenset({State.ACCEPTED, State.COMPLETED, State.UNSEEN}),
}
"""Every step there is. From an end one is taken only where that end is not proved."""


_WORDS: Final = {State.INTENT: "prepared", State.UNKNOWN: "no answer"}


def state_words(kind: Kind, state: State) -> str:
    """A state in the words that people read, at every door; JSON and the journal have its value."""
    if (kind, state) == (Kind.DELETE, State.COMPLETED):
        return "deleted"
    return _WORDS.get(state, state.value)


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A create, restore or delete, as the journal keeps it.

    Times are seconds since 1970 UTC, by the service's clock where it is known. `seen_busy` tells
    that the provider was seen at work on it, which is what makes its end believable.
    `snapshot_id` is None for a create until the provider's id is known. `words` are the
    provider's own, cleaned. `account` tells whose it is (profile and address), never a token.
    `took` is in seconds, None where the end was not watched: `ended_at` is then only when it was
    found out. `certainty` is how sure its present state is, None until there is an answer or
    another sign of it; `evidence` says what that rests on. `freed`: the admin has said that it is
    over, and it keeps its server no longer.
    """

    id: int
    kind: Kind
    state: State
    account: str
    server_id: Key
    server_name: str
    snapshot_id: Key | None
    snapshot_name: str
    description: str = ""
    user: str = ""
    origin: str = ""  # the SSH client's address, empty at a console
    asked_at: float
    accepted_at: float | None = None
    ended_at: float | None = None
    words: str = ""
    overdue: bool = False
    seen_busy: bool = False
    took: float | None = None
    certainty: Certainty | None = None
    evidence: str = ""
    freed: bool = False

    @property
    def title(self) -> str:
        """What is done to what, in a few words: ``create of before-update``."""
        return f"{self.kind.value} of {self.snapshot_name}"

    @property
    def stands(self) -> str:
        """Where it stands, in the words that people read."""
        return state_words(self.kind, self.state)

    @property
    def open(self) -> bool:
        """Whether the provider may still be at it, or nobody knows."""
        return self.state in OPEN

    @property
    def ended(self) -> bool:
        """Whether no further step will come."""
        return self.state not in PENDING

    @property
    def proved(self) -> bool:
        """Whether its present state is sure."""
        return self.certainty is Certainty.PROVED

    def keeps(self, seconds: float) -> float:
        """Seconds for which it will keep its server though it has ended, `seconds` after its begin.

        Only what is proved, and what the admin said, frees a server at once.
        """
        if not self.ended or self.freed or self.certainty in (None, Certainty.PROVED):
            return 0.0
        if self.kind is Kind.DELETE and self.state is State.COMPLETED:
            return 0.0  # a whole list did not show it: a second delete would find nothing
        return max(0.0, HELD[self.kind] - seconds)


def open_on(operations: Iterable[Operation], server_id: Key) -> Operation | None:
    """The first of these that is open on a server; None where none is."""
    return next((o for o in operations if o.server_id == server_id and o.open), None)


def may_follow(kind: Kind, snapshot_id: Key | None, before: Operation) -> bool:
    """Whether a write may follow one at once although it is not proved how that one ended.

    A snapshot can be deleted as often as one likes; and a restore does not undo a snapshot that is
    completed, whoever made it.
    """
    if kind is Kind.RESTORE:
        return before.kind is Kind.CREATE and before.state is State.COMPLETED
    return kind is before.kind is Kind.DELETE and snapshot_id == before.snapshot_id


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What has been gathered on an operation, by whichever process.

    `seen` are the ids its server had before the write, and `begun` is when it left; `partly` is
    set where the list before it did not come whole, so that what is not in `seen` need not be new.
    `against` is when the first settled listing was asked for that spoke against it, with none for
    it since; `restoring` when its server was first seen so, `standing` when the first reading was
    that shows a restored one.
    """

    seen: frozenset[Key] = frozenset()
    begun: Moment | None = None
    partly: Moment | None = None
    against: Moment | None = None
    restoring: Moment | None = None
    standing: Moment | None = None
