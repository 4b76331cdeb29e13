"""Pages of a list, numbered as Django REST framework numbers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import URL
from starlette.requests import Request

from tui.simulator.objects import Refusal

PAGE_SIZE: Final = 20
MOST_PER_PAGE: Final = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list, and how to get at the rest."""

    items: list[T]
    count: int
    next: str | None = None
    previous: str | None = None


def paged(request: Request, items: list[T]) -> Page[T]:
    """The page that is asked for; a Refusal where there is none."""
    query = request.query_params
    size = min(MOST_PER_PAGE, _number(query.get("page_size", "")) or PAGE_SIZE)
    pages = max(1, -(-len(items) // size))
    wanted = query.get("page") or "1"
    number = pages if wanted == "last" else _number(wanted)
    if not 1 <= number <= pages:
        raise Refusal(404, {"detail": "Invalid page."})
    start = (number - 1) * size
    return Page(
        items[start : start + size],
        len(items),
        _link(request.url, number + 1) if number < pages else None,
        _link(request.url, number - 1) if number > 1 else None,
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _link(url: URL, page: int) -> str:
    query = parse_qs(url.query, keep_blank_values=True)
    query.pop("page", None)
    if page > 1:
        query["page"] = [str(page)]
    return str(url.replace(query=urlencode(sorted(query.items()), doseq=True)))
