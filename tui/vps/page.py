"""One page of a list: its items read one by one, and not again while its bytes stay the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from tui.vps.decode import Decoder
from tui.vps.errors import TooLarge
from tui.vps.exchange import Answer
from tui.vps.fields import BadItem
from tui.vps.models import Backup, Key, Server, Snapshot
from tui.vps.parsing import count_of, next_query, parse_page
from tui.vps.wire import Page

T = TypeVar("T", bound=Server | Snapshot | Backup)
MOST_PROBLEMS: Final = 100
"""Sentences that are kept about items that cannot be read; the others are counted."""


class Unread(NamedTuple):
    """An item that cannot be read: its own id and that of its server, as far as those can."""

    id: Key | None
    server_id: Key | None


class DecodedPage(msgspec.Struct, Generic[T], frozen=True):
    """One page as it was read.

    `received` counts its items, readable or not; `before` those of the pages before it, from
    which the unreadable ones have their numbers.
    """

    items: list[T]
    problems: list[str]
    unread: list[Unread]
    received: int
    before: int
    size: int
    count: int | None
    next: dict[str, str] | None
    etag: str
    digest: bytes


class PageReader(Generic[T]):
    """Makes pages of answers. Items are called `what` where they cannot be read."""

    def __init__(
        self,
        decoder: Decoder,
        read: Callable[[bytes | msgspec.Raw], T],
        what: str,
        most_items: int,
    ) -> None:
        self._decoder = decoder
        self._read = read
        self._what = what
        self._most = most_items

    def page(self, answer: Answer, before: int, known: DecodedPage[T] | None) -> DecodedPage[T]:
        """Read an answer, or take `known` again where it has the same bytes. Raises BadResponse.

        `before` counts the items of the pages before it.
        """
        digest = hashlib.blake2b(answer.body, digest_size=16).digest()
        if known is not None and (known.digest, known.before) == (digest, before):
            same = known.etag == answer.etag
            return known if same else msgspec.structs.replace(known, etag=answer.etag)
        page = parse_page(answer.body)
        received = len(page.results)
        if before + received > self._most:
            raise TooLarge(f"the list is longer than {self._most} items")
        items, problems, unread = self._read_items(page, before)
        return DecodedPage(
            items=items,
            problems=problems,
            unread=unread,
            received=received,
            before=before,
            size=len(answer.body),
            count=count_of(page),
            next=next_query(page),
            etag=answer.etag,
            digest=digest,
        )

    def _read_items(self, page: Page, before: int) -> tuple[list[T], list[str], list[Unread]]:
        """The readable items, sentences about some others, and what is known of those."""
        items: list[T] = []
        problems: list[str] = []
        unread: list[Unread] = []
        for number, raw in enumerate(page.results, before + 1):
            try:
                items.append(self._read(raw))
            except BadItem as error:
                if len(problems) < MOST_PROBLEMS:
                    problems.append(f"{self._what} {number} of the list: {error}")
                unread.append(Unread(self._decoder.id_of(raw), self._decoder.server_of(raw)))
        return items, problems, unread
