"""Which address may be spoken to: https, or this machine."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

_PLAIN: Final = re.compile(r"[!-~]*")


class InsecureUrl(ValueError):
    """An address to which a token would go out in clear."""


def base_address(url: str) -> str:
    """The API's base with a slash at its end, from an address with or without ``/api/v1``.

    Raises InsecureUrl for plain http unless the host is this machine, ValueError for no address.
    """
    if not _PLAIN.fullmatch(url):
        raise InsecureUrl("the address has signs that no address has")
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InsecureUrl("the address may have no user, query or fragment")
    if parts.port == 0:  # raises ValueError where the port is no number
        raise InsecureUrl("the address has port 0")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InsecureUrl("the address must begin with https://")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise InsecureUrl("the address must be https: over http the token would go out in clear")
    path = parts.path.rstrip("/")
    if not path.endswith("/api/v1"):
        path += "/api/v1"
    return f"{parts.scheme}://{parts.netloc}{path}/"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
