"""What VPS.org has: servers, snapshots and the account, as ciplun keeps them.

All text in these objects has been cleaned (see `tui.vps.sanitize`) and is safe to show; ids are
kept as the provider sent them and go back as they came. The names and meanings are
those of the provider's published API pages.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, Generic, TypeAlias, TypeVar

import msgspec

Key: TypeAlias = int | str
"""An id: an integer in the published API, a uuid in the provider's own clients. One that came as
the text of an integer is that integer, so that the lists of servers and of snapshots agree."""

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""An aware one, also where it was read from a file: others cannot be compared."""

PANEL: Final = "admin.vps.org/account/developers/"
"""Where an account's tokens are made."""

SLOTS: Final = 5
"""Snapshots that one server can hold (published limit)."""

T = TypeVar("T")


class Phase(enum.Enum):
    """What a snapshot's status word means for what can be done with it."""

    BUSY = "busy"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"


_MAKING: Final = ("in_progress", "pending", "running", "creating")
_PHASES: Final = {
    "completed": Phase.COMPLETED,
    **dict.fromkeys(("failed", "error", "cancelled"), Phase.FAILED),
    **dict.fromkeys((*_MAKING, "deleting", "restoring"), Phase.BUSY),
}


class Snapshot(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One snapshot. `size_mb` is in MB and None until it is done; `created_at` is aware UTC."""

    id: Key
    server_id: Key
    server_name: str
    name: str
    status: str
    size_mb: int | None = None
    created_at: Moment | None = None
    description: str = ""

    @property
    def phase(self) -> Phase:
        """What the status word means; a word nobody published is UNKNOWN."""
        return _PHASES.get(self.status, Phase.UNKNOWN)

    @property
    def making(self) -> bool:
        """Whether it is being made, since `created_at`; one that is busy otherwise was before."""
        return self.status in _MAKING

    @property
    def status_words(self) -> str:
        """The status as it is shown: ``in progress``."""
        return self.status.replace("_", " ")


class Backup(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One backup, kept apart from its server; `kind` is ``automatic`` or ``manual``, as it came."""

    id: Key
    server_id: Key
    kind: str = ""
    status: str = ""
    created_at: Moment | None = None

    @property
    def completed(self) -> bool:
        """Whether something could be had back from it."""
        return _PHASES.get(self.status) is Phase.COMPLETED


class Server(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One server, both dialects folded into one. Empty text where the provider said nothing."""

    id: Key
    name: str
    hostname: str = ""
    status: str = ""
    address: str = ""
    location: str = ""
    plan: str = ""
    os: str = ""
    created_at: Moment | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who the token belongs to and what it may do (`permissions`: e.g. ``servers:*``)."""

    email: str = ""
    name: str = ""
    company: str = ""
    token_name: str = ""
    permissions: tuple[str, ...] = ()

    def may(self, permission: str) -> bool:
        """Whether the token has `permission` (``servers:read``), also by a wildcard."""
        area, _, _ = permission.partition(":")
        return any(p in self.permissions for p in (permission, f"{area}:*", "*:*"))


class Restoring(msgspec.Struct, frozen=True, kw_only=True):
    """The provider's answer to a restore: what it says it does, and with what. None: not said."""

    status: str = ""
    snapshot_id: Key | None = None
    server_id: Key | None = None
    server_status: str = ""
    message: str = ""


class Listing(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A list as it came: the readable `items`, what was wrong, and what it can prove.

    `problems` has a sentence for each of the first hundred items that could not be read, of
    `unreadable` in all, `unread` the ids of those that have one: they are there, whatever they
    are, and `unread_on` the ids of the servers that are known to have any. `settled` is False
    where the pages shifted, ids repeated, `count` differs from what came, or an item without an
    id could be any: then nothing missing from it may be called gone. `lacking`: it may lack items
    of any server, since the pages shifted or an item that could not be read names none.
    `total` is the provider's own count, None where it gave none. `server_id` is the server whose
    snapshots alone were asked for; `filter_ignored` is True where those of others came too.
    """

    items: tuple[T, ...]
    problems: tuple[str, ...] = ()
    unreadable: int = 0
    unread: frozenset[Key] = frozenset()
    unread_on: frozenset[Key] = frozenset()
    settled: bool = True
    lacking: bool = False
    total: int | None = None
    pages: int = 1
    server_id: Key | None = None
    filter_ignored: bool = False

    @property
    def complete(self) -> bool:
        """Whether all came and all of it was read."""
        return self.settled and not self.unreadable and not self.problems

    @property
    def proves_absence(self) -> bool:
        """Whether a snapshot that it does not show does not exist.

        Only a complete list of one page proves that, of one server alone: several pages can
        shift between two requests so that even their count fits.
        """
        alone = self.server_id is not None and not self.filter_ignored
        return self.complete and self.pages == 1 and alone


class Part(msgspec.Struct, Generic[T], frozen=True):
    """What one page added to a list that is being read.

    `received` counts the items so far, `total` is the service's own count, None where it gave
    none; `last` tells that no link leads on from this page. `pause`: nothing came, and the next
    page is asked for in so many seconds, since the service limits the rate.
    """

    items: tuple[T, ...]
    received: int
    total: int | None
    last: bool = False
    pause: float = 0.0


Told = Callable[[Part[T]], None]


def same_key(one: Key | None, other: Key | None) -> bool:
    """Whether two ids are the same, whichever of the two spellings each came in."""
    return one is not None and other is not None and str(one) == str(other)
