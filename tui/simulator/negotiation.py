"""What an answer is written in, chosen as Django REST framework chooses: JSON, or a page.

Its defaults have a second renderer, a page for browsers. So every answer says ``Vary: Accept``, and
an ``Accept`` that fits neither is a 406 before anything else is looked at.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from email.message import Message
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tui.simulator.objects import Refusal, not_found

JSON: Final = "application/json"
PAGE: Final = "text/html"
_FORMATS: Final = {"json": JSON, "api": PAGE}
_LONGEST: Final = 8192
"""Characters of an Accept header that are read; a longer one fits nothing."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One media type of an Accept header."""

    kind: str
    detailed: bool

    @property
    def precedence(self) -> int:
        """How exact it is: 3 with parameters, 2 a type, 1 ``text/*``, 0 ``*/*``."""
        main, _, sub = self.kind.partition("/")
        if main == "*":
            return 0
        return 1 if sub == "*" else 3 if self.detailed else 2

    def fits(self, kind: str) -> bool:
        """Whether a type that we have will do."""
        return all(
            "*" in pair or pair[0] == pair[1]
            for pair in zip(self.kind.partition("/"), kind.partition("/"), strict=True)
        )


def negotiate(request: Request) -> str:
    """The media type of the answer; a Refusal where nothing we have will do."""
    form = request.query_params.get("format")
    kinds = [kind for name, kind in _FORMATS.items() if not form or name == form]
    if not kinds:
        raise not_found()
    headers = request.headers.getlist("accept")
    header = ",".join(headers) if headers else "*/*"
    wanted = [_read(part) for part in header.split(",")] if len(header) <= _LONGEST else []
    for precedence in (3, 2, 1, 0):
        for kind in kinds:
            if any(one.precedence == precedence and one.fits(kind) for one in wanted):
                return kind
    raise Refusal(406, {"detail": "Could not satisfy the request Accept header."})


def as_page(response: Response) -> Response:
    """The same answer for a browser; one without a body stays as it is."""
    if not response.body:
        return response
    text = html.escape(bytes(response.body).decode(errors="replace"))
    page = HTMLResponse(f"<!doctype html>\n<title>VPS.org, simulated</title>\n<pre>{text}</pre>\n")
    page.status_code = response.status_code
    for name, value in response.headers.items():
        page.headers.setdefault(name, value)
    return page


def _read(text: str) -> _Wanted:
    message = Message()
    message["content-type"] = text.strip()
    kind = text.partition(";")[0].strip().lower()
    names = [name for name, _ in message.get_params(failobj=[])[1:]]
    return _Wanted(kind, detailed=any(name != "q" for name in names))
