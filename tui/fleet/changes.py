"""What changed in a fleet between two looks at it, whoever did it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from tui.fleet.health import Health
from tui.fleet.merge import Views, changed
from tui.fleet.state import Fleet, ServerView
from tui.vps.models import Key, Phase, Snapshot

SOON: Final = 300.0
"""Seconds between two looks up to which the end of a snapshot is timed by the second of them."""


class Happened(enum.Enum):
    """What a change is; of a server where it names no snapshot, of the account without a server."""

    APPEARED = "appeared"
    VANISHED = "vanished"
    COMPLETED = "completed"
    FAILED = "failed"
    FULL = "full"
    STALE = "stale"
    OVERDUE = "overdue"
    REFUSED = "refused"  # the token
    RECOVERED = "recovered"


class FleetChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change, seen at `at` and not yet so at `since`; seconds since 1970.

    `made_at` is when the snapshot was created. `ours` tells that an operation of this machine's
    journal did it; it is known of those that were read from there.
    """

    kind: Happened
    server_id: Key
    server_name: str
    snapshot_id: Key | None = None
    snapshot_name: str = ""
    at: float
    since: float
    made_at: float | None = None
    ours: bool = False

    @property
    def when(self) -> float:
        """The best that is known of its time: for a new snapshot when it was created."""
        new = self.kind is Happened.APPEARED and self.made_at is not None
        return min(self.at, max(self.since, self.made_at or 0.0)) if new else self.at

    @property
    def took(self) -> float | None:
        """Seconds that a snapshot took, where somebody was looking when it ended."""
        ended = self.kind in (Happened.COMPLETED, Happened.FAILED)
        if not ended or self.made_at is None or self.at - self.since > SOON:
            return None
        return max(0.0, self.at - self.made_at)

    @property
    def what(self) -> str:
        """The change in words, without its server: ``new snapshot nightly``."""
        if self.of_account:
            return _OF_ACCOUNT[self.kind]
        words = _OF_SERVER if self.snapshot_id is None else _OF_SNAPSHOT
        return f"{words[self.kind]} {self.snapshot_name}".strip()

    @property
    def short(self) -> str:
        """The same with room for a snapshot's name; that it is one goes without saying."""
        if self.snapshot_id is None:
            return self.what
        return f"{_SHORT.get(self.kind, self.kind.value)}: {self.snapshot_name}"

    @property
    def of_account(self) -> bool:
        """Whether it is about no server."""
        return not self.server_name and self.server_id == ""

    @property
    def text(self) -> str:
        """The change in words with its server: ``new snapshot nightly on web``."""
        return self.what if self.of_account else f"{self.what} on {self.server_name}"

    @property
    def by(self) -> str:
        """Who made or removed a snapshot, as far as this machine's journal tells."""
        done = self.kind in (Happened.APPEARED, Happened.VANISHED) and self.snapshot_id is not None
        return ("this machine" if self.ours else "not by this machine") if done else ""

    def facts(self) -> Mapping[str, str]:
        """The same by name, as text: for the commands of users, and for programs."""
        return {
            "event": self.kind.value,
            "server": self.server_name,
            "server_id": str(self.server_id),
            "snapshot": self.snapshot_name,
            "snapshot_id": "" if self.snapshot_id is None else str(self.snapshot_id),
            "at": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="seconds"),
        }


_OF_SNAPSHOT: Final = {
    Happened.APPEARED: "new snapshot",
    Happened.VANISHED: "gone: snapshot",
    Happened.COMPLETED: "completed: snapshot",
    Happened.FAILED: "failed: snapshot",
    Happened.FULL: "full by snapshot",
    Happened.STALE: "stale: snapshot",
}
_SHORT: Final = {Happened.APPEARED: "new", Happened.VANISHED: "gone"}
_OF_SERVER: Final = {
    **_OF_SNAPSHOT,
    Happened.APPEARED: "new server",
    Happened.VANISHED: "server gone",
    Happened.FULL: "full: no free slot",
    Happened.STALE: "stale: no fresh snapshot",
    Happened.OVERDUE: "overdue: a snapshot is not done in time",
    Happened.RECOVERED: "recovered: no problem any more",
}
_OF_ACCOUNT: Final = {
    Happened.REFUSED: "the token is refused",
    Happened.RECOVERED: "recovered: the token is accepted",
}
_TURNS: Final[Mapping[Happened, Callable[[Health, Health], bool]]] = {
    Happened.STALE: lambda old, new: (
        new.has("stale") and not old.has("stale") and not old.has("unseen")
    ),
    Happened.OVERDUE: lambda old, new: new.has("overdue") and not old.has("overdue"),
    Happened.RECOVERED: lambda old, new: old.problem and not new.problem and not old.has("unseen"),
}
"""What time and other snapshots do to a server, by how it was judged before and is now.

To be seen again is neither."""


def between(before: Views, after: Views, since: float, at: float) -> list[FleetChange]:
    """What changed from one settled state of the fleet to the next one."""
    found: list[FleetChange] = []
    for key in sorted(changed(before, after), key=str):
        for kind, view, snapshot in _of_server(before.get(key), after.get(key), since):
            change = _change(kind, view, snapshot, since, at)
            if kind is Happened.FAILED and not _held(before.get(key), change.snapshot_id):
                change = replace(change, since=min(since, change.made_at or since))
            found.append(change)
    return found


def _held(view: ServerView | None, snapshot_id: Key | None) -> bool:
    """Whether a snapshot was there before; of one that was not nobody saw when it ended."""
    return view is not None and any(held.id == snapshot_id for held in view.snapshots)


def certain(found: Sequence[FleetChange], fleet: Fleet, *, whole: bool) -> list[FleetChange]:
    """The changes since an earlier run, without those that need not be any.

    What cannot be read now may be there all the same, and a server that is new may have been
    there before unless all could be seen then: `whole`.
    """

    def is_certain(change: FleetChange) -> bool:
        if change.snapshot_id is None:
            gone, new = change.kind is Happened.VANISHED, change.kind is Happened.APPEARED
            return not (gone and not fleet.servers_whole) and not (new and not whole)
        view = fleet.servers.get(change.server_id)
        seen = view is None or not (view.unread or view.lacking)
        return seen or change.kind is not Happened.VANISHED

    return [change for change in found if is_certain(change)]


def turned(
    views: Views, before: Mapping[Key, Health], after: Mapping[Key, Health], since: float, at: float
) -> list[FleetChange]:
    """The same for servers that are judged otherwise now."""
    others = [key for key, new in after.items() if before.get(key, new) is not new]
    return [
        _change(kind, views[key], None, since, at)
        for kind, has_turned in _TURNS.items()
        for key in sorted(others, key=str)
        if has_turned(before[key], after[key])
    ]


def known(before: Mapping[Key, Health], after: Mapping[Key, Health]) -> Mapping[Key, Health]:
    """How servers are judged now, or were before it could not be told any more."""
    return {
        key: before[key] if _is_lost(before.get(key), new) else new for key, new in after.items()
    }


def _is_lost(old: Health | None, new: Health) -> bool:
    return old is not None and new.has("unseen") and not old.has("unseen")


def of_token(kind: Happened, since: float, at: float) -> FleetChange:
    """That the service takes the token no longer, or again."""
    return FleetChange(kind=kind, server_id="", server_name="", at=at, since=since)


_What = tuple[Happened, ServerView, Snapshot | None]


def _of_server(old: ServerView | None, new: ServerView | None, since: float) -> Iterator[_What]:
    if new is None:
        if old is not None:
            yield from ((Happened.VANISHED, old, snapshot) for snapshot in old.snapshots)
            yield Happened.VANISHED, old, None
        return
    if old is None:
        yield Happened.APPEARED, new, None
    known = {snapshot.id: snapshot for snapshot in old.snapshots} if old is not None else {}
    doubted = old is not None and (old.unread or old.lacking)
    for snapshot in reversed(new.snapshots):
        known_as = known.pop(snapshot.id, None)
        if known_as is not None or not doubted or _made_after(snapshot, since):
            yield from _of_snapshot(known_as, snapshot, new)
    yield from ((Happened.VANISHED, new, snapshot) for snapshot in known.values())
    if new.full and old is not None and not old.full and not doubted:
        yield Happened.FULL, new, None


def _made_after(snapshot: Snapshot, moment: float) -> bool:
    """Whether it is certainly new, where one that was there could not be read."""
    return snapshot.created_at is not None and snapshot.created_at.timestamp() > moment


def _of_snapshot(old: Snapshot | None, new: Snapshot, view: ServerView) -> Iterator[_What]:
    if old is None:
        yield Happened.APPEARED, view, new
    phase = old.phase if old is not None else None
    if phase is new.phase:
        return
    if new.phase is Phase.COMPLETED and old is not None and old.making:
        yield Happened.COMPLETED, view, new
    elif new.phase is Phase.FAILED:
        yield Happened.FAILED, view, new


def _change(
    kind: Happened, view: ServerView, snapshot: Snapshot | None, since: float, at: float
) -> FleetChange:
    created = snapshot.created_at if snapshot is not None else None
    return FleetChange(
        kind=kind,
        server_id=view.server.id,
        server_name=view.server.name,
        snapshot_id=snapshot.id if snapshot is not None else None,
        snapshot_name=snapshot.name if snapshot is not None else "",
        at=at,
        since=since,
        made_at=created.timestamp() if created is not None else None,
    )
