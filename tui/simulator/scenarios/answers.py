"""Scenarios of whole answers: what a proxy, a limit or a confused service would send."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tui.simulator.api import HTML_404
from tui.simulator.rate import Rate
from tui.simulator.scenarios.base import (
    Answer,
    Scenario,
    afterwards,
    instead,
    json_answer,
    of,
    prepared,
    reads,
    writes,
)
from tui.simulator.world import World

ELSEWHERE: Final = "https://other.example.net"
_FORBIDDEN: Final = {"detail": "You do not have permission to perform this action."}


def html_error(status: int) -> Response:
    """An error page as a proxy makes it."""
    phrase = HTTPStatus(status).phrase
    title = f"{status} {phrase}"
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<h1>{title}</h1>\r\n"
    return HTMLResponse(f"{page}<hr>nginx\r\n</body>\r\n</html>\r\n", status)


def _html(status: int) -> Answer:
    return lambda request, world: html_error(status)


def _body(body: bytes, kind: str = "application/json") -> Answer:
    return lambda request, world: Response(body, media_type=kind)


def _throttled(retry_after: str | None) -> Answer:
    def answer(request: Request, world: World) -> Response:
        if retry_after is None:
            return json_answer({"detail": "Request was throttled."}, 429)
        said = f"Request was throttled. Expected available in {retry_after} seconds."
        return json_answer({"detail": said}, 429, Retry_After=retry_after)

    return answer


def _throttled_by_date(request: Request, world: World) -> Response:
    until = formatdate(world.clock.told() + 60, usegmt=True)
    return json_answer({"detail": "Request was throttled."}, 429, Retry_After=until)


def _forbidden(request: Request, world: World) -> Response:
    return json_answer(_FORBIDDEN, 403)


def _unauthorised(request: Request, world: World) -> Response:
    return json_answer({"detail": "Invalid token."}, 401, WWW_Authenticate="Bearer")


def _half(request: Request, response: Response, world: World) -> Response:
    body = bytes(response.body)
    return Response(body[: len(body) // 2], response.status_code, media_type="application/json")


def _retyped(request: Request, response: Response, world: World) -> Response:
    return Response(response.body, response.status_code, media_type="text/plain")


def _misencoded(request: Request, response: Response, world: World) -> Response:
    spoilt = bytes(response.body).replace(b'"name":"', b'"name":"\xff\xfe', 1)
    return Response(spoilt, response.status_code, media_type="application/json")


def _redirect(status: int, origin: str = "") -> Answer:
    def answer(request: Request, world: World) -> Response:
        target = f"{origin}{request.url.path}?{request.url.query}"
        return Response(status_code=status, headers={"Location": target})

    return answer


def _moved(request: Request, world: World) -> Response:
    query = f"{request.url.query}&moved=1".lstrip("&")
    return Response(status_code=302, headers={"Location": f"{request.url.path}?{query}"})


def _odd_date(request: Request, response: Response, world: World) -> Response:
    response.headers["date"] = "yesterday, about noon"
    return response


def _skewed(seconds: float) -> Scenario:
    name, word = ("clock-ahead", "an hour fast") if seconds > 0 else ("clock-behind", "a day slow")

    def begin(world: World) -> None:
        world.clock.skew = seconds

    return prepared(name, f"the provider's clock is {word}", begin)


def _limit_rate(world: World) -> None:
    world.rate = Rate(30, 60)


def _limit(name: str, description: str, answer: Answer) -> Scenario:
    return instead(name, description, answer, hypothetical=True)


_ERRORS: Final = tuple(
    instead(f"error-{status}", f"{status} with a proxy's HTML page; nothing is done", _html(status))
    for status in (500, 502, 503, 504)
)
_LIMITS: Final = (
    prepared(
        "rate-limit",
        "each token has 30 requests a minute, then 429",
        _limit_rate,
        hypothetical=True,
    ),
    _limit("throttled", "429, to come back in 60 seconds", _throttled("60")),
    _limit("throttled-by-date", "429 with a date to come back at", _throttled_by_date),
    _limit("throttled-silent", "429 without a time", _throttled(None)),
    _limit("throttled-negative", "429, to come back a minute ago", _throttled("-60")),
    _limit("throttled-for-a-year", "429, to come back in a year", _throttled("31536000")),
    _limit("throttled-nonsense", "429 with a time that is none", _throttled("soon")),
)
_ACCESS: Final = (
    instead("unauthorised", "401: the token is not known (any more)", _unauthorised),
    instead("forbidden-writes", "403 on every write", _forbidden, writes, hypothetical=True),
    instead("forbidden-servers", "403 on /servers/", _forbidden, of("servers"), hypothetical=True),
    instead(
        "forbidden-account", "403 on /account/me/", _forbidden, of("account"), hypothetical=True
    ),
    instead(
        "snapshots-only",
        "there is nothing but /snapshots/: all else is an HTML 404",
        lambda request, world: HTMLResponse(HTML_404, 404),
        lambda request: not of("snapshots")(request),
        hypothetical=True,
    ),
)
_BODIES: Final = (
    afterwards("truncated-json", "half of the JSON, in an answer that is whole", _half),
    afterwards("wrong-type", "JSON that says it is text/plain", _retyped),
    afterwards("not-utf8", "JSON with bytes that are not UTF-8", _misencoded),
    instead(
        "html",
        "an HTML page with status 200, as from a hotel's network",
        _body(b"<!doctype html><title>Log in</title><h1>Welcome</h1>", "text/html"),
    ),
    instead("empty-body", "status 200 and nothing in it", _body(b"")),
    instead(
        "deep-json",
        "100,000 brackets, one within the other",
        _body(b"[" * 100_000),
        reads,
        hypothetical=True,
    ),
    instead(
        "long-number",
        "an id of 5,000 digits",
        _body(b'{"count":1,"results":[{"id":' + b"9" * 5000 + b"}]}"),
        reads,
        hypothetical=True,
    ),
)
_REDIRECTS: Final = (
    instead(
        "redirect",
        "reads are sent on once, to the same service",
        _moved,
        lambda request: reads(request) and "moved" not in request.query_params,
    ),
    instead("redirect-loop", "reads are sent in a circle", _redirect(302), reads),
    instead("redirect-away", "reads are sent to another host", _redirect(302, ELSEWHERE), reads),
    instead("redirect-writes", "writes are sent on with 307", _redirect(307), writes),
    instead("redirect-writes-away", "writes to another host", _redirect(308, ELSEWHERE), writes),
)
_CLOCKS: Final = (
    _skewed(3_600),
    _skewed(-86_400),
    afterwards("odd-date", "a Date header that is none", _odd_date, last=False),
)
SCENARIOS: Final[tuple[Scenario, ...]] = (
    *_ERRORS,
    *_LIMITS,
    *_ACCESS,
    *_BODIES,
    *_REDIRECTS,
    *_CLOCKS,
)
