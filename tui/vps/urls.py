"""Which URLs may be spoken to (https, or this machine), and how their parts are put together."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

_ASCII: Final = re.compile(r"[!-~]*")


class InsecureUrl(ValueError):
    """A URL to which a token would go out in clear, or that is none."""


def base_url(url: str) -> str:
    """The API's base with a slash at its end, from an address with or without ``/api/v1``.

    Raises InsecureUrl for plain http unless the host is this machine, and for no address.
    """
    if not _ASCII.fullmatch(url):
        raise InsecureUrl("the address has characters that no address has")
    parts = _parts(url)
    if parts is None:
        raise InsecureUrl(
            "the address must be like https://example.org or https://example.org:8443"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InsecureUrl("the address may have no user, query or fragment")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InsecureUrl("the address must begin with https://")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise InsecureUrl("the address must be https: over http the token would go out in clear")
    path = parts.path.rstrip("/")
    if not path.endswith("/api/v1"):
        path += "/api/v1"
    return f"{parts.scheme}://{parts.netloc}{path}/"


def page_problem(url: str) -> str:
    """Why nothing may be sent to a page of somebody else's, empty where it may.

    It must be https or on this machine, and have no user in it.
    """
    parts = _parts(url) if _ASCII.fullmatch(url) else None
    if (
        parts is None
        or not parts.hostname
        or "@" in parts.netloc
        or parts.scheme not in ("http", "https")
    ):
        return "must be an address like https://example.org/ping"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "must be https, or on this machine"
    return ""


def _parts(url: str) -> SplitResult | None:
    """The parts of an address; None where it is none, or its port is not one."""
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:  # its words are for programmers
        return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def same_origin(url: str, other: str) -> bool:
    """Whether two URLs have scheme, host and port in common; `other` may be relative to `url`."""
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, other))
    except ValueError:
        return False
    return (here.scheme, here.netloc) == (there.scheme, there.netloc)


def path_segment(key: int | str) -> str:
    """An id as one segment of a path, whatever is in it; dots alone would lead to another path."""
    text = quote(str(key), safe="", errors="surrogatepass")
    return text.replace(".", "%2E") if not text.strip(".") else text
