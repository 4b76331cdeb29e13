"""What a request must pass before its view is reached, in Django REST framework's order.

Who is it (401), may they (403), too often (429), is there such a method (405); only the view
looks at the path's key (404) and then at the body (400, 415).
"""

from __future__ import annotations

import math
from typing import Final

from starlette.requests import Request

from tui.simulator.objects import Refusal, TokenInfo
from tui.simulator.world import World

READS: Final = ("GET", "HEAD", "OPTIONS")


def check(request: Request, world: World) -> TokenInfo:
    """Who asks, or a Refusal."""
    info = _authenticate(request, world)
    _permit(request, info)
    _throttle(info, world)
    return info


def _authenticate(request: Request, world: World) -> TokenInfo:
    words = request.headers.get("authorization", "").split()
    if not words or words[0].lower() != "bearer":
        raise _unauthorised("Authentication credentials were not provided.")
    if len(words) == 1:
        raise _unauthorised("Invalid token header. No credentials provided.")
    if len(words) > 2:
        raise _unauthorised("Invalid token header. Token string should not contain spaces.")
    info = world.tokens.get(words[1])
    if info is None:
        raise _unauthorised("Invalid token.")
    return info


def _unauthorised(detail: str) -> Refusal:
    return Refusal(401, {"detail": detail}, {"WWW-Authenticate": "Bearer"})


def _permit(request: Request, info: TokenInfo) -> None:
    reading = request.method in READS
    if reading and request.url.path.endswith("/account/me/"):
        return
    enough = {"servers:*", "*:*", "servers:read"} if reading else {"servers:*", "*:*"}
    if enough.isdisjoint(info.permissions):
        raise Refusal(403, {"detail": "You do not have permission to perform this action."})


def _throttle(info: TokenInfo, world: World) -> None:
    if world.rate is None:
        return
    wait = world.rate.wait(info.token)
    if wait is not None:
        raise throttled(math.ceil(wait))


def throttled(seconds: int) -> Refusal:
    """Too many requests: come back in so many seconds."""
    unit = "second" if seconds == 1 else "seconds"
    detail = f"Request was throttled. Expected available in {seconds} {unit}."
    return Refusal(429, {"detail": detail}, {"Retry-After": str(seconds)})
