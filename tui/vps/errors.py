"""Everything that can go wrong between here and VPS.org, as one tree.

`str(error)` is one clean line fit for the screen; it never holds the token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class VpsError(Exception):
    """The base of all: something about the provider's API did not work."""

    transient: ClassVar[bool] = False
    """Whether asking again soon may go better. For reads: a write is never sent twice."""
    retry_after: float | None = None
    """Seconds that the service asks to wait, from 0 to 900, already bounded; None: it told none."""


class Unreachable(VpsError):
    """No connection was made, or a read ran out of time. A write that ends so was never sent."""

    transient = True


class CertificateRefused(Unreachable):
    """Whoever answers cannot prove to be the service."""

    transient = False


class UnusableProxy(Unreachable):
    """The proxy that the environment names cannot be used."""

    transient = False


class Unauthorised(VpsError):
    """401: the token is missing, mistyped, expired or revoked."""


class Forbidden(VpsError):
    """403: the token is good but may not do this."""


class NotFound(VpsError):
    """404 or 410: no such server or snapshot, or for a read no such list on this service.

    A write that ends so was answered in the API's own words.
    """


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
    """429: the service limits how often it is asked."""

    transient = True

    def __init__(self, message: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BadResponse(VpsError):
    """An answer that cannot be used: 5xx, HTML, cut JSON, a wrong shape."""

    transient = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooLarge(BadResponse):
    """An answer beyond what is taken at most; the next one would be no smaller."""

    transient = False


class OutcomeUnknown(VpsError):
    """A write left and no answer proves what became of it: it may have been carried out or not.

    No answer came, it could not be read, it is not the published one, or it is about another
    thing than was asked for.
    """


class WriteRefused(VpsError):
    """ciplun itself did not send the write: read-only, or locked. Nothing left this machine."""
