"""A provider at its worst: it loses, delays, duplicates, renames, mis-dates and mis-lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from msgspec.structs import replace

from tests.helpers.clocks import FakeClock
from tests.helpers.provider import Provider
from tui.simulator.objects import Refusal
from tui.vps.errors import OutcomeUnknown, VpsError
from tui.vps.models import Key, Listing, Restoring, Snapshot

T = TypeVar("T")
LAG = 45.0
"""Seconds for which a lagging list does not show what is new."""
LATEST = 500.0
"""Seconds after which whatever was sent has been carried out, or never will be."""


@dataclass
class Write:
    """One write that reached the provider: how often it was carried out, and what it made."""

    verb: str
    server: Key
    what: object
    done: int = 0
    made: set[Key] = field(default_factory=set)


class ModelWorld(Provider):
    """`fate` has more values: ``late`` (no answer, carried out `delay` seconds later), ``renamed``
    (carried out under another name, no answer), ``twice`` (carried out twice), ``confused`` (a
    create is answered with a snapshot that was there before, and not carried out).

    `leaving` says which operation a write is of; `writes` has the truth of each. `misdated` is in
    hours. A list is ``whole``, ``lagging``, ``shifted`` (of several pages, one item missing though
    the count fits), ``forgetful`` (of one page, so is one, but never where that is of one server
    alone), or ``unsettled``; what shows a server's status may be `stale`.
    """

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, servers=1)
        self.writes: dict[int, Write] = {}
        self.leaving: dict[Key, int] = {}
        self.delay, self.misdated, self.stale = 60.0, 0.0, ""
        self._due: list[tuple[float, Callable[[], object]]] = []
        self._shown: dict[float, tuple[Snapshot, ...]] = {}
        self._writing: Write | None = None
        for n in range(3):
            self.world.add_snapshot(self.world.servers[int(self.ids[0])], f"old-{n}")

    async def pass_time(self, seconds: float) -> None:
        end = self.world.clock.now() + seconds
        for at, carry_out in sorted(self._due, key=lambda due: due[0]):
            if at <= end:
                await super().pass_time(max(0.0, at - self.world.clock.now()))
                self._due = [due for due in self._due if due[1] is not carry_out]
                carry_out()
        await super().pass_time(end - self.world.clock.now())

    # -- writes ----------------------------------------------------------------------------

    async def create_snapshot(self, server_id: Key, name: str, description: str = "") -> Snapshot:
        self._begins("create", server_id, name)
        listed = (await self.snapshots(server_id)).items
        if self.fate == "confused" and listed:
            return replace(listed[0], name=name)
        asked = name if self.fate != "renamed" else name.upper()
        return await super().create_snapshot(server_id, asked, description)

    async def restore_snapshot(self, snapshot_id: Key, server_id: Key | None = None) -> Restoring:
        self._begins("restore", server_id or 0, snapshot_id)
        return await super().restore_snapshot(snapshot_id, server_id)

    async def delete_snapshot(self, snapshot_id: Key) -> bool:
        held = self.world.snapshots.get(int(snapshot_id))
        self._begins("delete", self.ids[0] if held is None else self.key(held.server), snapshot_id)
        return await super().delete_snapshot(snapshot_id)

    def _begins(self, verb: str, server: Key, what: object) -> None:
        self._writing = Write(verb, server, what)
        if self.fate == "unreachable":
            return
        number = self.leaving.get(server, 0)
        assert number not in self.writes, "no operation leaves twice"
        self.writes[number] = self._writing

    def _write(self, verb: str, what: object, carry_out: Callable[[], T]) -> T:
        writing = self._writing
        assert writing is not None

        def once() -> T:
            before = set(self.world.snapshots)
            done = carry_out()
            writing.done += 1
            writing.made |= {
                self.key(s) for k, s in self.world.snapshots.items() if k not in before
            }
            return done

        if self.fate in ("late", "renamed"):
            self.sent.append((verb, what))
            delay = self.delay if self.fate == "late" else 0.0
            self._due.append((self.world.clock.now() + delay, lambda: _quietly(once)))
            raise OutcomeUnknown("no answer: it may have been carried out")
        answer = super()._write(verb, what, once)
        if self.fate == "twice":
            _quietly(once)
        return answer

    # -- lists -----------------------------------------------------------------------------

    async def seen(self, mode: str, server_id: Key | None) -> Listing[Snapshot]:
        """The list in one of its ways to be right or wrong; missing is what matters most."""
        listing = await self.snapshots(server_id)
        items = list(listing.items)
        if mode == "lagging":
            items = self._lagging(items)
        if mode in ("shifted", "forgetful", "unsettled") and items:
            items.remove(max(items, key=self._matters))
        hours = timedelta(hours=self.misdated)
        dated = [replace(s, created_at=s.created_at and s.created_at + hours) for s in items]
        return replace(
            listing,
            items=tuple(dated),
            pages=2 if mode == "shifted" else 1,
            settled=mode != "unsettled",
            filter_ignored=mode == "forgetful" and server_id is not None,
        )

    def _matters(self, snapshot: Snapshot) -> int:
        """The number of the newest operation that a snapshot is of."""
        about = (n for n, w in self.writes.items() if snapshot.id in (w.what, *w.made))
        return max(about, default=0)

    def _lagging(self, items: list[Snapshot]) -> list[Snapshot]:
        now = self.world.clock.now()
        born = {self.key(s): s.created_at for s in self.world.snapshots.values()}
        return [s for s in items if now - born.get(s.id, 0.0) >= LAG]

    async def statuses(self) -> dict[Key, str]:
        """The servers' status, or a stale one."""
        if not self.shows_servers:
            return {}
        return {key: self.stale or self.server_model(key).status for key in self.ids}


def _quietly(carry_out: Callable[[], object]) -> None:
    """Carry out what the provider may refuse by now."""
    try:
        carry_out()
    except (Refusal, VpsError):
        return
