"""Scenarios of lists: pages that lead astray, counts that are wrong, items that are odd."""

from __future__ import annotations

import itertools
import json
import zlib
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from tui.simulator.scenarios.base import (
    Edit,
    Pick,
    Scenario,
    afterwards,
    edited,
    is_good_json,
    items_of,
    json_answer,
    lists,
    snapshot_lists,
)
from tui.simulator.world import World

_CURSOR: Final = "cursor"


def _cursor(request: Request) -> int:
    text = request.query_params.get(_CURSOR, "1")
    return int(text) if text.isdecimal() else 1


def _as_object(answer: Any) -> dict[str, Any]:
    if isinstance(answer, list):
        return {"count": len(answer), "results": answer}
    return dict(answer)


def _halves(origin: str) -> Edit:
    """The list in two pages whose `next` names another origin; its query alone is right."""

    def edit(answer: Any, request: Request) -> Any:
        page = _as_object(answer)
        own = page.get("next")
        if own:
            return {**page, "next": f"{origin}{urlsplit(own).path}?{urlsplit(own).query}"}
        items, half = page["results"], len(page["results"]) // 2
        if _cursor(request) > 1:
            return {**page, "next": None, "results": items[half:]}
        link = f"{origin}{request.url.path}?{_CURSOR}=2"
        return {**page, "next": link, "results": items[:half]}

    return edit


def _circle(answer: Any, request: Request) -> Any:
    link = f"{request.url.path}?{_CURSOR}={_cursor(request) % 3 + 1}"
    return {**_as_object(answer), "next": link}


def _endless(answer: Any, request: Request) -> Any:
    link = f"{request.url.path}?{_CURSOR}={_cursor(request) + 1}"
    return {**_as_object(answer), "next": link}


def _shifting() -> Edit:
    """Pages between which, by turns, an item comes in at the top or goes there.

    A list that comes whole is given in two pages.
    """
    sweeps = itertools.count()
    shift, before = 0, None

    def edit(answer: Any, request: Request) -> Any:
        nonlocal shift, before
        page, first = _as_object(answer), False
        if page.get("next") or page.get("previous"):
            items, first = page["results"], page["previous"] is None
        else:
            half = len(page["results"]) // 2
            first = _cursor(request) == 1
            items = page["results"][:half] if first else page["results"][half:]
            page["next"] = f"{request.url.path}?{_CURSOR}=2" if first else None
        if first:
            shift = 1 if next(sweeps) % 2 else -1
            shown = items
        else:
            page["count"] -= shift
            shown = items[1:] if shift > 0 else [before, *items]
        before = items[-1] if items else None
        return {**page, "results": shown}

    return edit


def _lost_page(request: Request, response: Response, world: World) -> Response:
    """The list in two pages, of which the second has gone when it is asked for."""
    if not is_good_json(response):
        return response
    if _cursor(request) > 1:
        return json_answer({"detail": "Invalid page."}, 404)
    page = _as_object(json.loads(bytes(response.body)))
    half = page["results"][: len(page["results"]) // 2]
    return json_answer({**page, "next": f"{request.url.path}?{_CURSOR}=2", "results": half})


def _tagged(request: Request, response: Response, world: World) -> Response:
    """The list with an ETag, or 304 where the asker has it already."""
    if response.status_code != 200:
        return response
    tag = f'"{zlib.crc32(bytes(response.body)):08x}"'
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return response


def _wrong_count(answer: Any, request: Request) -> Any:
    page = _as_object(answer)
    return {**page, "count": page["count"] + 3}


def _twice(answer: Any, request: Request) -> Any:
    items = items_of(answer)
    items += items[:1]
    return answer


def _changed(answer: Any, changes: list[dict[str, Any]]) -> Any:
    for item, change in zip(items_of(answer), changes, strict=False):
        item.update(change)
    return answer


def _bad_items(answer: Any, request: Request) -> Any:
    changes: list[dict[str, Any]] = [
        {"id": None, "uuid": None},
        {"size_mb": "big"},
        {"created_at": "the day before yesterday"},
        {"server": None, "server_uuid": None},
    ]
    return _changed(answer, changes)


def _strange_values(answer: Any, request: Request) -> Any:
    changes: list[dict[str, Any]] = [
        {"status": "quarantined", "encrypted": True, "tags": {"a": [1, 2]}},
        {"size_mb": 0},
        {"size_mb": -1},
        {"size_mb": 10**15},
        {"created_at": "9999-12-31T23:59:59Z"},
        {"created_at": "0001-01-01T00:00:00+14:00"},
        {"description": None, "size_mb": None},
    ]
    return _changed(answer, changes)


HOSTILE: Final = (
    "\x1b[2J\x1b]0;owned\x07",
    "\x1b]52;c;cm0gLXJmIH4=\x07",
    "\x1b]8;;http://other.example.net\x1b\\click\x1b]8;;\x1b\\",
    "\x9b31mC1\x9d0;t\x9c",
    "carriage\rreturn\nand\ttab",
    "nul\x00del\x7f",
    "[red]markup[/] [@click=app.quit]quit[/]",
    "[/]",
    "bidi \u202egnp.exe\u2066 over",
    "zero\u200bwidth\ufeff\u00ad",
    "wide \u6771\u4eac \U0001f680 comb" + "\u0301" * 50,
    "long " * 20_000,
    "'; rm -rf ~ #",
    "web-server-\u043e1",
)
"""Texts that mean harm to a terminal, its user, or a careless program."""


def _hostile(answer: Any, request: Request) -> Any:
    for number, item in enumerate(items_of(answer)):
        text = HOSTILE[number % len(HOSTILE)]
        item["description"] = text
        for field in ("name", "hostname", "server_hostname", "location"):
            if field in item:
                item[field] = text
        if isinstance(item.get("server"), dict):
            item["server"]["name"] = text
    return answer


def _half_a_pair(answer: Any, request: Request) -> Any:
    return _changed(answer, [{"description": "half a surrogate pair: \ud800"}])


def _list(name: str, description: str, edit: Edit, pick: Pick = lists) -> Scenario:
    return edited(name, description, edit, pick, hypothetical=True)


SCENARIOS: Final[tuple[Scenario, ...]] = (
    _list("next-foreign", "`next` names another host", _halves("https://other.example.net")),
    _list("next-internal", "`next` names a host behind a proxy", _halves("http://app:8000")),
    _list("next-loop", "`next` goes in a circle", _circle),
    _list("next-endless", "there is always a `next`", _endless),
    Scenario(
        "shifting-pages",
        "pages between which an item comes or goes, by turns",
        lambda asked: edited("", "", _shifting(), snapshot_lists).make(asked),
        hypothetical=True,
    ),
    afterwards(
        "lost-page",
        "the second page is gone when it is asked for: 404",
        _lost_page,
        lists,
        last=False,
        hypothetical=True,
    ),
    afterwards(
        "etags",
        "lists carry an ETag and are not sent again while it holds: 304",
        _tagged,
        lists,
        hypothetical=True,
    ),
    _list("wrong-count", "`count` is three too many", _wrong_count),
    _list("duplicate-ids", "an item comes twice", _twice),
    _list("bad-items", "four snapshots that cannot be read", _bad_items, snapshot_lists),
    _list(
        "strange-values",
        "snapshots with unknown words and absurd numbers",
        _strange_values,
        snapshot_lists,
    ),
    _list("hostile-content", "names that attack terminals and readers", _hostile),
    _list(
        "lone-surrogate",
        "a description with half of a surrogate pair, which UTF-8 cannot say",
        _half_a_pair,
        snapshot_lists,
    ),
)
