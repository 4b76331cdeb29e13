"""JSON from outside, read within bounds: what is in it is counted before anything is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tui.vps.errors import BadResponse, TooLarge
from tui.vps.wire import Page

T = TypeVar("T")
MOST_VALUES: Final = 2_000_000
"""Values in one page. Each is an object of about 70 bytes before it is looked at: 140 MB. A full
page of real snapshots (32 MB of 200 bytes each) has 1.5 million."""
MOST_BYTES: Final = 1024 * 1024
"""Bytes of one item, or of an answer that is no list."""
_MOST_PARAMETERS: Final = 30
_MOST_HALVES: Final = 200_000
_LONGEST_LINK: Final = 4_000
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)

_PAGE: Final = msgspec.json.Decoder(Page)
_BARE: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ANY: Final = msgspec.json.Decoder()
_BARE_LIST: Final = re.compile(rb"[ \t\r\n]*\[")
_SURROGATE: Final = re.compile(rb"\\u([dD][89a-fA-F][0-9a-fA-F]{2})")


def parse(body: bytes) -> Any:
    """Any JSON value, or BadResponse."""
    if len(body) > MOST_BYTES:
        raise TooLarge(f"the answer is larger than {MOST_BYTES >> 20} MB")
    try:
        return lenient(_ANY, body)
    except _UNREADABLE as error:
        raise BadResponse("the answer could not be read: it is not JSON") from error


def parse_page(body: bytes) -> Page:
    """A page of a list in any of its three shapes, with its items still unread."""
    if body.count(b",") > MOST_VALUES:
        raise TooLarge(f"the answer has more than {MOST_VALUES:,} values")
    try:
        if _BARE_LIST.match(body):
            return Page(results=lenient(_BARE, body))
        return lenient(_PAGE, body)
    except _UNREADABLE as error:
        raise BadResponse("the answer could not be read: it is not a list") from error


def count_of(page: Page) -> int | None:
    """The service's own count, None where it gave none, -1 where what it gave is no number."""
    count = _value(page.count)
    return count if count is None or type(count) is int else -1


def next_query(page: Page) -> dict[str, str] | None:
    """The query of the link to the next page, None on the last. A bad link is a BadResponse.

    Only the query is taken: behind a proxy the link's origin is often wrong, and the token goes
    to our own address alone.
    """
    link = _value(page.next)
    if link is None or link == "":
        return None
    try:
        if not isinstance(link, str) or len(link) > _LONGEST_LINK:
            raise ValueError
        query = dict(parse_qsl(urlsplit(link).query, max_num_fields=_MOST_PARAMETERS))
        if not query:
            raise ValueError
    except ValueError:
        raise BadResponse("the list's link to its next page could not be read") from None
    return query


def _value(raw: msgspec.Raw) -> object:
    if not raw:
        return None
    try:
        return lenient(_ANY, raw) if len(raw) <= _LONGEST_LINK else ...
    except _UNREADABLE:
        return ...


def lenient(decoder: msgspec.json.Decoder[T], raw: bytes | msgspec.Raw) -> T:
    """Decode; half surrogate pairs, which are no text and make an error, are spelt out."""
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError:
        repaired = _without_surrogates(raw)
        if repaired is None:
            raise
        return decoder.decode(repaired)


def _without_surrogates(raw: bytes | msgspec.Raw) -> bytearray | None:
    """The same JSON with ``<D800>`` for a half pair, None where there is none or too many."""
    body = bytes(raw)
    repaired: bytearray | None = None
    for number, (start, code) in enumerate(_half_pairs(body)):
        if number >= _MOST_HALVES:
            return None
        repaired = bytearray(body) if repaired is None else repaired
        repaired[start : start + 6] = b"<" + code.upper() + b">"
    return repaired


def _half_pairs(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Where the escape of a surrogate without its other half begins, and its four digits."""
    first: tuple[int, bytes] | None = None
    for found in _SURROGATE.finditer(body):
        start, code = found.start(), found[1]
        if _escaped(body, start):
            continue
        second = code[1:2] not in b"89abAB"
        if second and first is not None and first[0] + 6 == start:
            first = None
            continue
        if first is not None:
            yield first
        first = None if second else (start, code)
        if second:
            yield start, code
    if first is not None:
        yield first


def _escaped(body: bytes, at: int) -> bool:
    """Whether the backslash there belongs to the one before it."""
    before = at
    while before and body[before - 1] == 0x5C:
        before -= 1
    return (at - before) % 2 == 1
