"""A server that ran before and is to run again: how far it has got."""

from __future__ import annotations

import enum

import msgspec

from tui.vps.models import Key


class Stage(enum.Enum):
    """How far a server that ran before has got; it is to run again after each of them."""

    STOPPING = "stopping"  # the stop is about to be sent, or was
    STOPPED = "stopped"  # by ciplun, and seen so; its snapshot is not begun
    TAKING = "snapshot"  # its snapshot was begun
    RESTORING = "restore"  # it ran before a restore, which stops it
    STARTING = "starting"  # the start is about to be sent, or was
    WATCHED = "watched"  # it was not seen stopped: the stop may still take effect


class Answer(enum.Enum):
    """What to do with a server that does not stop."""

    WAIT = "wait"
    AS_IT_IS = "as it is"  # snapshot it running
    GIVE_UP = "give up"


class PowerNote(msgspec.Struct, frozen=True):
    """A server that ran before and is to run again.

    `operation` is the id of the create or restore it waits for. Times are seconds since 1970.
    `words` say how it ended or what is known. `owned`: a living process is at it.
    """

    server_id: Key
    server_name: str
    stage: Stage
    asked_at: float
    id: int = 0
    operation: int | None = None
    ended_at: float | None = None
    words: str = ""
    owned: bool = False

    def sentence(self, known: str = "") -> str:
        """That it ran before, and how it stands: `known`, else what was recorded last."""
        what = "its restore" if self.stage is Stage.RESTORING else "its snapshot"
        known = known or self.words or "it is to run again"
        return f"{self.server_name} ran before {what}: {known}"
