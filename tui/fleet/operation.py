"""One write and its life: what was asked, what became of it, and which steps are possible."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from tui.vps.models import Key


class Kind(enum.Enum):
    """What an operation does."""

    CREATE = "create"
    RESTORE = "restore"
    DELETE = "delete"


class State(enum.Enum):
    """Where an operation stands. The four after the first are open: it may be going on."""

    WAITING = "waiting"  # on disk, to be asked for once its safety snapshot is completed
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
"""Ends that can turn out to have been wrong."""

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
    **dict.fromkeys(DENIED, frozenset({State.ACCEPTED, State.COMPLETED, State.FAILED})),
}
"""Every step there is; a state without an entry is an end for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A create, restore or delete, as the journal keeps it.

    Times are seconds since 1970 UTC, by the service's clock where it is known. `seen_busy` tells
    that the provider was seen at work on it, which is what makes its end believable.
    `snapshot_id` is None for a create until the provider's id is known. `words` are the
    provider's own, cleaned. `account` tells whose it is (profile and address), never a token.
    `took` is in seconds, None where the end was not watched: `ended_at` is then only when it was
    found out. `certainty` is how sure its present state is, None until there is an answer or
    another sign of it; `evidence` says what that rests on.
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

    @property
    def title(self) -> str:
        """What is done to what, in a few words: ``create of before-update``."""
        return f"{self.kind.value} of {self.snapshot_name}"

    @property
    def open(self) -> bool:
        """Whether the provider may still be at it, or nobody knows."""
        return self.state in OPEN

    @property
    def ended(self) -> bool:
        """Whether no further step will come."""
        return self.state not in PENDING
