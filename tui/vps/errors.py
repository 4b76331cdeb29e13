"""Everything that can go wrong between here and VPS.org, as one tree.

`str(error)` is one clean line fit for the screen; it never holds the token.
"""

from __future__ import annotations

from collections.abc import Mapping


class VpsError(Exception):
    """The base of all: something about the provider's API did not work."""


class Unreachable(VpsError):
    """No connection was made, or a read ran out of time. A write that ends so was never sent."""


class Unauthorised(VpsError):
    """401: the token is missing, mistyped, expired or revoked."""


class Forbidden(VpsError):
    """403: the token is good but may not do this."""


class NotFound(VpsError):
    """404 in the API's own words: no such server or snapshot (or no such list on this service)."""


class Rejected(VpsError):
    """400, 409 and other 4xx: the provider understood and said no.

    `fields` maps a request field to the provider's words about it; the words about the request as
    a whole are under the empty string.
    """

    def __init__(self, message: str, fields: Mapping[str, str], status: int = 400) -> None:
        super().__init__(message)
        self.fields = dict(fields)
        self.status = status


class RateLimited(VpsError):
    """429. `retry_after` is in seconds, from 0 to 900, already bounded; None where not told."""

    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BadResponse(VpsError):
    """An answer that cannot be used: 5xx, HTML, cut JSON, too large, a wrong shape."""


class OutcomeUnknown(VpsError):
    """A write left and no usable answer came: it may or may not have been carried out."""


class WriteRefused(VpsError):
    """Ciplun itself did not send the write: read-only, or locked. Nothing left this machine."""
