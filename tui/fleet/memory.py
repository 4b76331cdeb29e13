"""The last known fleet on disk: one file for each account, to be shown before anything is asked.

It is never evidence. Its file has a line that tells the format, and then three parts, each packed
and with its length: a head, the first servers by name, which the first paint takes, and the rest.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import stat
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TypeVar
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from tui.config import paths
from tui.fleet.matching import natural
from tui.fleet.state import ServerView, Totals
from tui.vps.models import Key, Phase, Server, Snapshot
from tui.vps.sanitize import DESCRIPTION_LENGTH, clean

log = logging.getLogger(__name__)
T = TypeVar("T")
_FORMAT: Final = b"ciplun fleet "
_VERSION: Final = 1
_FIRST: Final = 100
"""Servers that the first paint takes: no screen shows more."""
_MOST_BYTES: Final = 128 * 1024 * 1024
"""Bytes of the rest once it is unpacked."""
_MOST_SHOWN: Final = 4 * 1024 * 1024
"""The same of the head and of the first servers: they are unpacked before the first paint."""
_MOST_FILES: Final = 20
"""Accounts that are remembered; the one that was seen longest ago gives way."""
_LONGEST: Final = DESCRIPTION_LENGTH
_AHEAD: Final = 300.0
"""Seconds by which a clock may have been set back; a fleet of the future is none."""


class Head(msgspec.Struct, frozen=True):
    """Whose fleet it is (`place`: as the settings name it; `owner`: see `Token.fingerprint`).

    `as_of` is in seconds since 1970 by this machine's clock. Unless `whole` there may be servers
    that could not be seen.
    """

    place: str
    owner: str
    as_of: float
    totals: Totals
    whole: bool = True


class _Row(msgspec.Struct, frozen=True, array_like=True):
    server: Server
    snapshots: tuple[Snapshot, ...]
    listed: bool
    unread: bool = False
    lacking: bool = False


class Packed(msgspec.Struct, frozen=True):
    """A fleet as its file has it: the head, and the servers."""

    head: bytes
    rows: bytes


class Remembered(msgspec.Struct, frozen=True):
    """What a file of `size` bytes had: its head, and the first servers or all of them."""

    head: Head
    views: Mapping[Key, ServerView]
    size: int = 0


class Unusable(Exception):
    """A remembered fleet cannot be used; a phrase that says why."""


class _Exposed(Unusable):
    """It was not this user's alone."""


DAMAGED: Final = "it is damaged"


_HEAD: Final = msgspec.msgpack.Decoder(Head)
_ROWS: Final = msgspec.msgpack.Decoder(list[_Row])
_ENCODER: Final = msgspec.msgpack.Encoder()


class Memory:
    """The file of one account. Its methods block, and raise nothing: what fails is logged once.

    `place` names the account as it can be told without its token: profile, address, and where the
    token comes from.
    """

    def __init__(self, folder: Path, profile: str, place: str) -> None:
        name = f"{quote(profile, safe='')[:80]}-{zlib.crc32(place.encode('utf-8', 'replace')):08x}"
        self.path = folder / f"{name}{paths.REMEMBERED}"
        self.trouble = ""
        """Why it is not used or kept, once that was found."""
        self._place = place

    def glance(self, now: float) -> Remembered | None:
        """The head and the first servers, within a millisecond. `now` is seconds since 1970."""
        return self._read(now, whole=False)

    def load(self, now: float, owner: str | None = None) -> Remembered | None:
        """All of it; what belongs to another owner is forgotten."""
        found = self._read(now, whole=True)
        if found is not None and owner is not None and found.head.owner != owner:
            self._say("it belongs to another token")
            self.forget()
            return None
        return found

    def pack(
        self,
        views: Iterable[ServerView],
        totals: Totals,
        owner: str,
        as_of: float,
        *,
        whole: bool = True,
    ) -> Packed:
        """Make ready what `write` takes."""
        rows = [_Row(v.server, v.snapshots, v.listed, v.unread, v.lacking) for v in views]
        rows.sort(key=lambda row: natural(row.server.name))
        head = _packed(_ENCODER.encode(Head(self._place, owner, as_of, totals, whole)))
        first, rest = _ENCODER.encode(rows[:_FIRST]), _ENCODER.encode(rows[_FIRST:])
        if len(first) > _MOST_SHOWN:  # too much for the first paint
            first, rest = _ENCODER.encode([]), _ENCODER.encode(rows)
        return Packed(head, _packed(first) + _packed(rest))

    def has(self, packed: Packed) -> bool:
        """Whether the file has exactly these servers, whatever its head."""
        try:
            with self._open() as file:
                file.seek(-len(packed.rows), os.SEEK_END)
                return file.read() == packed.rows
        except OSError:  # among others: it is shorter
            return False

    def write(self, packed: Packed) -> None:
        """Put a fleet in the place of the one that was there, or leave that."""
        try:
            body = b"%b%d\n%b%b" % (_FORMAT, _VERSION, packed.head, packed.rows)
            paths.replace_private(self.path, body)
            _give_way(self.path.parent)
        except OSError as error:
            self._say(paths.trouble(self.path, error))

    def age(self, now: float) -> float:
        """Seconds since it was written; without end where it is no good: it is to be replaced."""
        try:
            status = self.path.stat()
        except OSError:
            return math.inf
        age = now - status.st_mtime
        return age if age >= 0 and not status.st_mode & 0o077 else math.inf

    def forget(self) -> None:
        """Remove it."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _read(self, now: float, *, whole: bool) -> Remembered | None:
        try:
            with self._open() as file:
                return self._parsed(file, now, whole=whole)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say(error.strerror or "it cannot be read")
        except _Exposed as error:
            self._say(str(error))
            self.forget()
        except Unusable as error:
            self._say(str(error))
        except (zlib.error, msgspec.MsgspecError, ValueError, OverflowError):
            self._say(DAMAGED)
        return None

    def _open(self) -> BinaryIO:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.fdopen(os.open(self.path, flags), "rb")

    def _parsed(self, file: BinaryIO, now: float, *, whole: bool) -> Remembered:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
            raise Unusable("it is not a file of yours")
        if status.st_mode & 0o077:
            raise _Exposed("others could read it or write to it")
        line = file.readline(40)
        if not line.startswith(_FORMAT):
            raise Unusable(DAMAGED)
        if line != _FORMAT + b"%d\n" % _VERSION:
            raise Unusable("another version of ciplun wrote it")
        head = _HEAD.decode(_part(file, _MOST_SHOWN))
        if head.place != self._place:
            raise Unusable("it belongs to another account")
        if head.as_of > now + _AHEAD:
            raise Unusable("its date is in the future: the clock was changed")
        if not head.as_of > 0:  # no number, too
            raise Unusable(DAMAGED)
        rows = _ROWS.decode(_part(file, _MOST_SHOWN))
        if _length(file) != status.st_size - file.tell():  # cut, or there is more
            raise Unusable(DAMAGED)
        if whole:
            file.seek(-4, os.SEEK_CUR)
            rows += _ROWS.decode(_part(file, _MOST_BYTES))
        views = {view.server.id: view for view in map(_view, rows)}
        return Remembered(head, views, status.st_size)

    def _say(self, why: str) -> None:
        if not self.trouble:
            self.trouble = why
            log.warning("the last known fleet is not used or kept: %s (%s)", why, self.path.name)


def shown(views: Mapping[Key, ServerView]) -> dict[Key, ServerView]:
    """The views as they may be shown: of what was under way it is not known how it is now."""
    return {key: _calm(view) for key, view in views.items()}


def _calm(view: ServerView) -> ServerView:
    server, snapshots = view.server, view.snapshots
    if server.status == "restoring":
        server = replace(server, status="")
    if view.busy:
        snapshots = tuple(
            replace(s, status="unknown") if s.phase is Phase.BUSY else s for s in snapshots
        )
    return replace(view, server=server, snapshots=snapshots, remembered=True)


def _view(row: _Row) -> ServerView:
    server = row.server
    if not _fine(_texts(server)):
        server = _cleaned(server)
    snapshots = tuple(s if _fine(_texts(s)) else _cleaned(s) for s in row.snapshots)
    return ServerView(server, snapshots, row.listed, unread=row.unread, lacking=row.lacking)


def _texts(item: Server | Snapshot) -> Sequence[object]:
    if isinstance(item, Snapshot):
        return item.name, item.status, item.server_name, item.description, item.id, item.server_id
    named = (item.name, item.hostname, item.status, item.address, item.location, item.plan)
    return (*named, item.os, item.id)


def _fine(texts: Sequence[object]) -> bool:
    """Whether these can certainly be shown as they are: a file is input like any other."""
    return all(
        not isinstance(text, str)
        or (len(text) <= _LONGEST and text.isascii() and text.isprintable())
        for text in texts
    )


def _cleaned(item: T) -> T:
    assert isinstance(item, Server | Snapshot)
    texts = {name: getattr(item, name) for name in item.__struct_fields__}
    changes = {n: clean(t, _LONGEST) for n, t in texts.items() if isinstance(t, str)}
    return replace(item, **changes)


def _packed(part: bytes) -> bytes:
    """A part with its length before it."""
    packed = zlib.compress(part, 1)
    return len(packed).to_bytes(4, "big") + packed


def _length(file: BinaryIO) -> int:
    """Bytes of the part that comes next."""
    length = file.read(4)
    if len(length) < 4:
        raise Unusable(DAMAGED)
    return int.from_bytes(length, "big")


def _part(file: BinaryIO, most: int) -> bytes:
    """The next part, of `most` bytes once it is unpacked."""
    size = _length(file)
    if size > most:
        raise ValueError
    packed = file.read(size)
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(packed, most)
    if not unpacker.eof:
        raise ValueError
    return body


def _give_way(folder: Path) -> None:
    """Remove what is beyond the accounts that are kept, and what a killed process left."""
    hour_ago = time.time() - 3_600
    found: list[tuple[float, Path]] = []
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another session was quicker
            found.append((path.stat().st_mtime, path))
    fleets = sorted((each for each in found if each[1].suffix == paths.REMEMBERED), reverse=True)
    left = [each for each in found if each[1].suffix[1:].isdigit() and each[0] < hour_ago]
    for _, path in [*fleets[_MOST_FILES:], *left]:
        with contextlib.suppress(OSError):  # a folder, which nobody here made
            path.unlink()
