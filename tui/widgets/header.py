"""The header line: whose fleet this is, its figures, and how far they can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from rich.cells import cell_len

from tui.commands import Keys
from tui.fleet.state import Fleet, Freshness, Reading
from tui.text import duration, plural, some
from tui.vps.errors import Unauthorised
from tui.widgets.line import Line, Piece

if TYPE_CHECKING:
    from tui.session import Session

_SEPARATOR: Piece = (" · ", "$text-muted")
_LATE: Final = "the provider takes long: there is no whole answer yet, it is still being asked"
_INCOMPLETE: Final = "the list did not come whole: what is not in it may be there all the same"


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
    """Leaves out what there is no room for."""

    def show_fleet(self, banner: Banner, fleet: Fleet, now: float) -> None:
        """Show whose fleet it is and how it is. `now` is the monotonic instant."""
        for narrow in (False, True):
            left = _left(banner, fleet, narrow=narrow)
            right = _right(banner, fleet, now, narrow=narrow)
            if _cells(left) + _cells(right) < self.app.size.width - 2:
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


def _left(banner: Banner, fleet: Fleet, *, narrow: bool = False) -> Sequence[Piece]:
    """Name, profile, address and totals; the address gives way where there is little room."""
    pieces: list[Piece] = [("ciplun", "bold $primary"), ("  ", "")]
    if banner.demo:
        pieces += [(" DEMO ", "bold $background on $warning"), ("  ", "")]
    else:
        pieces += [(banner.profile, "bold"), _SEPARATOR]
    totals = fleet.totals
    if not narrow or not totals.servers:
        pieces += [(banner.host, "$text-muted"), ("   ", "")]
    elif not banner.demo:
        pieces[-1] = ("  ", "")
    return [*pieces, *_figures(fleet)]


def _figures(fleet: Fleet) -> Sequence[Piece]:
    totals = fleet.totals
    if not totals.servers or (fleet.freshness.newest is None and fleet.freshness.reading):
        return ()  # what is still being read cannot be counted
    figures: list[Piece] = [
        (plural(totals.servers, "server"), ""),
        (f"{totals.used}/{totals.slots} slots", ""),
    ]
    if totals.full:
        figures.append((f"{totals.full} full", "$text-warning"))
    if totals.busy:
        figures.append((f"{totals.busy} busy", "$text-accent"))
    if totals.failed:
        figures.append((f"{totals.failed} failed", "$text-error"))
    if fleet.problems:
        figures.append((f"{len(fleet.problems)} unreadable", "$text-error"))
    elif not fleet.settled:
        figures.append(("list incomplete", "$text-warning"))
    if fleet.servers_error is not None:
        figures.append(("no server list", "$text-warning"))
    return [piece for figure in figures for piece in (_SEPARATOR, figure)][1:]


def _right(banner: Banner, fleet: Fleet, now: float, *, narrow: bool = False) -> Sequence[Piece]:
    """Whether writing is open, and how old the data is. `now` is the monotonic instant."""
    pieces: list[Piece] = []
    if banner.read_only:
        pieces += [("read-only", "$text-warning"), _SEPARATOR]
    elif banner.unlocked_for == 0:
        pieces += [("locked", "$text-warning"), _SEPARATOR]
    elif banner.unlocked_for is not None:
        left = _coarse(banner.unlocked_for)
        pieces += [(f"unlocked {left}", "$text-error"), _SEPARATOR]
    text, style = freshness_words(fleet.freshness, now)
    if narrow and text.startswith("live · <"):
        text = "live"
    return [*pieces, (text, style)]


def freshness_words(freshness: Freshness, now: float) -> tuple[str, str]:
    """How live the data is, coarse enough to stay unchanged while polls go well."""
    age = "" if freshness.newest is None else _age(now - freshness.newest)
    if freshness.paused:
        return (f"paused · data {age} old" if age else "paused", "$text-warning")
    if isinstance(freshness.error, Unauthorised):
        return ("not authorised", "$text-error")
    if freshness.error is not None:
        return (f"offline · data {age} old" if age else "offline", "$text-error")
    if freshness.as_of is None and (freshness.reading or (age and not freshness.late)):
        words = reading_words(freshness.reading) if freshness.reading else "reading …"
        return (f"as of {age} ago, {words}" if age else words, "$text-muted")
    if freshness.late:
        return (f"no answer · data {age} old" if age else "no answer yet", "$text-error")
    if freshness.as_of is None:
        return ("asking …", "$text-muted")
    return (f"live · {age}", "$text-success")


def reading_words(reading: Reading) -> str:
    """How far a list has come: ``reading servers 400 of 1,000``."""
    total = "" if reading.total is None else f" of {reading.total:,}"
    return f"reading {reading.what} {reading.received:,}{total}"


def _cells(pieces: Sequence[Piece]) -> int:
    return sum(cell_len(text) for text, _ in pieces)


def notice_words(banner: Banner, fleet: Fleet, now: float, keys: Keys) -> str:
    """Why the data is old and when the next try is due, or what of it is missing."""
    freshness = fleet.freshness
    if freshness.error is None:
        return _LATE if freshness.late else _missing(fleet)
    words = [str(freshness.error)]
    if isinstance(freshness.error, Unauthorised):
        where = f"the token comes from {banner.token_origin}"
        words.append(f"{where}: put another there, then {keys.shown('refresh')}")
    elif freshness.next_try is not None and not freshness.paused:
        words.append(f"next try in {_coarse(freshness.next_try - now)}")
    return " · ".join(words)


def _missing(fleet: Fleet) -> str:
    """What of the lists could not be had, empty where they are whole."""
    if fleet.problems:
        return f"could not be read: {some(fleet.problems, 1)}"
    return "" if fleet.settled else _INCOMPLETE


def _age(seconds: float) -> str:
    """Whole minutes, so that it changes once a minute."""
    return "< 1 min" if seconds < 60 else duration(seconds // 60 * 60)


def _coarse(seconds: float) -> str:
    """A countdown in steps: single seconds at its end, minutes far from it."""
    step = 1 if seconds <= 10 else 15 if seconds <= 120 else 60
    return duration(max(0, math.ceil(seconds / step) * step))
