"""From exceptions and status codes to the errors of `tui.vps.errors`, all in one place.

Nothing of a library's own words is kept: they quote what came, and that may be the token.
"""

from __future__ import annotations

import errno
import math
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from tui.vps.decode import ErrorBody
from tui.vps.errors import (
    BadResponse,
    CertificateRefused,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorised,
    Unreachable,
    VpsError,
)
from tui.vps.sanitize import clean

LONGEST_WAIT: Final = 900.0
"""Seconds of a Retry-After that are obeyed at most."""

_EARLIEST, _LATEST = 1e9, 1e10
"""A `Date` before 2001 or after 2286 is no clock, and no calendar could go on from year 9999."""

_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_MAY_BE: Final = "it may have been carried out"
_BEFORE_THE_SERVICE: Final = frozenset((401, 405, 411, 413, 414, 415, 429, 431))
"""Refusals that a gateway gives before it passes a request on, whatever they are written in."""
_UNREADABLE: Final = "the answer could not be read: it was cut short or malformed"
_ERRNO: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ENETUNREACH: "no route to it",
    errno.EHOSTUNREACH: "no route to it",
    errno.ETIMEDOUT: "no connection in time",
    errno.ECONNRESET: "the connection was cut",
    errno.EPIPE: "the connection was cut",
}
_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.PoolTimeout, "too many requests at once"),
    (httpx.TimeoutException, "no answer in time"),
    (TimeoutError, "no answer in time"),
    (httpx.UnsupportedProtocol, "no such protocol"),
    (httpx.RemoteProtocolError, "its answer was cut short or malformed"),
    (httpx.LocalProtocolError, "the request could not be written"),
)


def error_from_exception(error: Exception, host: str, *, writing: bool) -> VpsError:
    """What an exception of httpx, or our own time limit, means."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            words = clean(cause.verify_message, 160)
            return CertificateRefused(
                f"could not reach {host}: its certificate was refused: {words}"
            )
    reason = _reason(error, causes)
    if isinstance(error, _NEVER_SENT):
        return Unreachable(f"could not reach {host}: {reason}")
    if writing:
        return OutcomeUnknown(f"no answer from {host} ({reason}): {_MAY_BE}")
    if isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError):
        return BadResponse(_UNREADABLE)
    return Unreachable(f"could not reach {host}: {reason}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it, each once."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop(0)
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__]
        if isinstance(found, BaseExceptionGroup):
            waiting += found.exceptions


def _reason(error: Exception, causes: list[BaseException]) -> str:
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    if isinstance(error, httpx.ProxyError):
        code = re.match(r"\d{3}\b", str(error))
        return f"the proxy answered {code[0]}" if code else "the proxy refused"
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            unknown = cause.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
            return "no such host name" if unknown else "the host name could not be resolved"
        if isinstance(cause, ssl.SSLError):
            return "no secure connection could be made"
        if isinstance(cause, OSError) and cause.errno is not None:
            return _ERRNO.get(cause.errno) or os.strerror(cause.errno)
    if isinstance(error, httpx.ConnectError):
        return "refused or no route"
    return "the connection was cut"


def error_from_status(
    status: int, said: ErrorBody, *, retry_after: float | None, writing: bool
) -> VpsError | None:
    """What a status other than 2xx means; None for 2xx.

    To a write only the service itself can say no: a 4xx without its words may be anybody's, and
    may have come after the write was carried out.
    """
    if 200 <= status < 300:
        return None
    parts = (f"{field}: {text}" if field else text for field, text in said.messages.items())
    text = " ".join(parts)
    anybody = not said.messages or (status in (404, 410) and not said.own)
    refused = 400 <= status < 500 and status != 408
    if writing and (not refused or (anybody and status not in _BEFORE_THE_SERVICE)):
        return OutcomeUnknown(f"the provider answered {status}: {_MAY_BE}")
    if status == 401:
        return Unauthorised(text or "the token was refused")
    if status == 403:
        return Forbidden(text or "the token may not do this")
    if status in (404, 410):
        return NotFound(text or f"this address has no such list ({status})")
    if status == 429:
        return RateLimited(text or "too many requests", retry_after)
    if refused:
        return Rejected(text or f"refused with status {status}", said.messages, status)
    if 300 <= status < 400:
        return BadResponse(f"the provider answered {status}, a redirect that is not followed")
    return BadResponse(f"the provider answered {status}", retry_after if status == 503 else None)


def retry_after(text: str, date: float | None) -> float | None:
    """Seconds of a Retry-After, told as such or as a date; `date` is the service's own now."""
    if not text.strip():
        return None
    try:
        seconds = float(text)
    except ValueError:
        until = epoch(text)
        if until is None:
            return None
        seconds = until - (date or time.time())
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, LONGEST_WAIT)


def epoch(text: str) -> float | None:
    """A date of HTTP in seconds since 1970, None where it is none to be believed."""
    try:
        date = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return date if _EARLIEST < date < _LATEST else None
