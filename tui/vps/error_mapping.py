"""From exceptions and status codes to the errors of `tui.vps.errors`, all in one place."""

from __future__ import annotations

import math
import time
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from tui.vps.decode import error_messages
from tui.vps.errors import (
    BadResponse,
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


def error_from_exception(error: Exception, host: str, *, writing: bool) -> VpsError:
    """What an exception of httpx, or our own time limit, means."""
    reason = _reason(error)
    if isinstance(error, _NEVER_SENT):
        return Unreachable(f"could not reach {host}: {reason}")
    if writing:
        return OutcomeUnknown(f"no answer from {host} ({reason}): it may have been carried out")
    if isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError):
        return BadResponse("the answer could not be read: it was cut short or malformed")
    return Unreachable(f"could not reach {host}: {reason}")


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpx.PoolTimeout):
        return "too many requests at once"
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "no answer in time"
    text = clean(str(error), 160)
    for sign, reason in (
        ("CERTIFICATE_VERIFY_FAILED", "its certificate was refused: " + text.split(": ")[-1]),
        ("Name or service not known", "no such host name"),
        ("name resolution", "the host name could not be resolved"),
        ("Connection refused", "connection refused"),
        ("All connection attempts failed", "refused or no route"),
        ("unreachable", "no route to it"),
    ):
        if sign in text:
            return reason
    return text or type(error).__name__


def error_from_response(response: httpx.Response, body: bytes, *, writing: bool) -> VpsError | None:
    """What a status other than 2xx means; None for 2xx.

    A 4xx in JSON is the provider's own no. Behind a proxy a 4xx in HTML may be anybody's, but
    nobody who answers so has carried out a write.
    """
    status = response.status_code
    if 200 <= status < 300:
        return None
    said = error_messages(body)
    text = " ".join(f"{field}: {text}" if field else text for field, text in said.items())
    if status == 401:
        return Unauthorised(text or "the token was refused")
    if status == 403:
        return Forbidden(text or "the token may not do this")
    if status == 404:
        return NotFound(text or "this address has no such list (404)")
    if status == 429:
        return RateLimited(text or "too many requests", _retry_after(response))
    if 400 <= status < 500 and status != 408:
        return Rejected(text or f"refused with status {status}", said, status)
    if writing:
        return OutcomeUnknown(f"the service answered {status}: it may have been carried out")
    if 300 <= status < 400:
        return BadResponse(f"the service answered {status}, a redirect that is not followed")
    return BadResponse(f"the service answered {status}")


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - _service_time(response)
        except (ValueError, TypeError, OverflowError):
            return None
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, LONGEST_WAIT)


def service_date(response: httpx.Response) -> float | None:
    """The answer's `Date` in seconds since 1970, None where there is none to be believed."""
    try:
        date = parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return date if _EARLIEST < date < _LATEST else None


def _service_time(response: httpx.Response) -> float:
    return service_date(response) or time.time()
