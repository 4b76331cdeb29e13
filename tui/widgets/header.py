"""The header line: whose fleet this is, its figures, and how far they can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from rich.cells import cell_len

from tui.commands import Keys
from tui.config.settings import NO_SOURCE
from tui.fleet.state import Fleet, Freshness, Reading
from tui.text import duration, some
from tui.vps.errors import Unauthorised
from tui.widgets.line import Line, Piece

if TYPE_CHECKING:
    from tui.session.session import Session

_SEPARATOR: Piece = (" · ", "$text-muted")
_NO_SLOTS, _SHORT_LIVE, _NO_NAME, _SHORTEST = 2, 3, 4, 4
"""What is left out, the further the less room there is."""
_SHORT_PROFILE: Final = 10
_APART: Final = 2
"""Cells between the left part and the right at least, so that they are not read as one."""
_STEP: Final = 20
"""Seconds in whose steps an age is told below a minute: a line is not kept busy for it."""
_LIVE: Final = len("live · just now")
_LATE: Final = "the provider is slow: no complete answer yet, still asking"
_INCOMPLETE: Final = "the list is incomplete: what is missing from it may still exist"


class Banner(msgspec.Struct, frozen=True):
    """What the header says besides the fleet.

    `unlocked_for` is in seconds: None where writing is not timed, 0 where it is locked.
    """

    profile: str
    host: str
    demo: bool = False
    read_only: bool = False
    unlocked_for: float | None = None
    token_origin: str = ""


class Header(Line):
    """Leaves out what there is no room for: the address first, never that something failed."""

    def show_fleet(
        self, banner: Banner, fleet: Fleet, now: float, alone: Sequence[Piece] = ()
    ) -> None:
        """Show whose fleet it is and how it is. `now` is the monotonic instant.

        `alone` are the counts that matter, where this is the only line of the header.
        """
        room, shorter = self.app.size.width - 2, 0
        while True:
            left = [*_left(banner, shorter), *(alone or ()), *_flags(fleet)]
            right = _right(banner, fleet, now, shorter)
            shorter += 1
            if _cells(left) + _cells(right) + _APART <= room or shorter > _SHORTEST:
                break
        self.show(left, right)


def banner_of(session: Session) -> Banner:
    """What the header says of a session."""
    lock = session.lock
    left = lock.remaining()
    return Banner(
        profile=session.settings.profile,
        host=session.host,
        demo=session.settings.demo,
        read_only=lock.read_only,
        unlocked_for=0 if lock.locked else left if left else None,
        token_origin=session.settings.origins.get("token", ""),
    )


def _left(banner: Banner, shorter: int) -> Sequence[Piece]:
    """Name, profile and address; the address gives way first, then the name."""
    pieces: list[Piece] = []
    if shorter < _NO_NAME:
        pieces += [("ciplun", "bold $primary"), ("  ", "")]
    if banner.demo:
        pieces += [(" DEMO ", "bold reverse $warning")]
    else:
        profile = banner.profile
        cut = shorter >= _NO_NAME and len(profile) > _SHORT_PROFILE
        pieces += [(f"{profile[:_SHORT_PROFILE]}…" if cut else profile, "bold")]
    if not shorter:
        pieces += [_SEPARATOR, (banner.host, "$text-muted")]
    return [*pieces, ("   ", "")]


def _flags(fleet: Fleet) -> Sequence[Piece]:
    """What is wrong with the lists themselves."""
    flags: list[Piece] = []
    if fleet.problems:
        flags.append((f"{len(fleet.problems)} unreadable", "$text-error"))
    elif not fleet.settled:
        flags.append(("list incomplete", "$text-warning"))
    if fleet.servers_error is not None:
        flags.append(("no server list", "$text-warning"))
    return [piece for flag in flags for piece in (_SEPARATOR, flag)][1:]


def _right(banner: Banner, fleet: Fleet, now: float, shorter: int) -> Sequence[Piece]:
    """Slots, whether writing is open, and how old the data is. `now` is the monotonic instant."""
    pieces: list[Piece] = []
    totals, freshness = fleet.totals, fleet.freshness
    known = freshness.newest is not None or fleet.counted
    if totals.servers and known and shorter < _NO_SLOTS:
        pieces += [(f"{totals.used}/{totals.slots} slots", ""), ("   ", "")]
    if banner.read_only:
        pieces += [("read-only", "$text-warning"), _SEPARATOR]
    elif banner.unlocked_for == 0:
        pieces += [("locked", "$text-warning"), _SEPARATOR]
    elif banner.unlocked_for is not None:
        left = _coarse(banner.unlocked_for)
        pieces += [(f"unlocked {left}", "$text-error"), _SEPARATOR]
    text, style = freshness_words(freshness, now)
    if shorter >= _SHORT_LIVE and text.startswith("live"):
        text = "live"
    elif shorter >= _SHORT_LIVE and text.startswith("as of"):
        text = text.partition(",")[0]
    return [*pieces, (text, style)]


def freshness_words(freshness: Freshness, now: float) -> tuple[str, str]:
    """How live the data is, coarse enough to stay unchanged while polls go well."""
    age = "" if freshness.newest is None else _age(now - freshness.newest)
    if freshness.paused:
        return (f"paused · data {age} old" if age else "paused", "$text-warning")
    if isinstance(freshness.error, Unauthorised):
        return (f"not authorised · data {age} old" if age else "not authorised", "$text-error")
    if freshness.error is not None:
        return (f"offline · data {age} old" if age else "offline", "$text-error")
    if freshness.as_of is None and (freshness.reading or (age and not freshness.late)):
        words = reading_words(freshness.reading, now) if freshness.reading else "reading …"
        style = "$text-warning" if freshness.late else "$text-muted"
        return (f"as of {age} ago, {words}" if age else words, style)
    if freshness.late and freshness.reading:
        return (f"rate limit · data {age} old", "$text-warning")
    if freshness.late:
        return (f"no answer · data {age} old" if age else "no answer yet", "$text-error")
    if freshness.as_of is None:
        return ("asking …", "$text-muted")
    recent = freshness.as_of is not None and now - freshness.as_of < _STEP
    text = "live · just now" if recent else f"live · {age} ago"
    return (text.ljust(_LIVE), "$text-success")  # of one width, so that nothing else moves


def reading_words(reading: Reading, now: float) -> str:
    """How far a list has come: ``reading servers 400 of 1,000``; a pause with when it ends."""
    total = "" if reading.total is None else f" of {reading.total:,}"
    left = 0.0 if reading.until is None else reading.until - now
    pause = f", rate limit: goes on in {_coarse(left)}" if left > 0 else ""
    return f"reading {reading.what} {reading.received:,}{total}{pause}"


def _cells(pieces: Sequence[Piece]) -> int:
    return sum(cell_len(text) for text, _ in pieces)


def notice_words(banner: Banner, fleet: Fleet, now: float, keys: Keys) -> str:
    """Why the data is old and when the next try is due, or what of it is missing."""
    freshness = fleet.freshness
    if freshness.error is None and freshness.late:
        limited = freshness.as_of is not None and freshness.reading
        return reading_words(limited, now) if limited else _LATE
    if freshness.error is None:
        return _missing(fleet)
    words = [str(freshness.error)]
    if isinstance(freshness.error, Unauthorised):
        again = keys.shown("refresh")
        where = f"the token comes from {banner.token_origin}: put another there, then {again}"
        missing = banner.token_origin == NO_SOURCE
        words.append(f"{again} shows how to give one" if missing else where)
    elif freshness.next_try is not None and not freshness.paused:
        left = freshness.next_try - now
        words.append(f"next try in {_coarse(left)}" if left > 0 else "trying again")
    return " · ".join(words)


def _missing(fleet: Fleet) -> str:
    """What of the lists could not be had, empty where they are whole."""
    if fleet.problems:
        return f"could not be read: {some(fleet.problems, 1)}"
    return "" if fleet.settled else _INCOMPLETE


def _age(seconds: float) -> str:
    """In steps, so that it seldom changes."""
    step = 60 if seconds >= 60 else _STEP
    if seconds < _STEP:
        return f"< {duration(_STEP)}"
    return duration(seconds // step * step)


def _coarse(seconds: float) -> str:
    """A countdown in steps: single seconds at its end, minutes far from it."""
    step = 1 if seconds <= 10 else 15 if seconds <= 120 else 60
    return duration(max(0, math.ceil(seconds / step) * step))
