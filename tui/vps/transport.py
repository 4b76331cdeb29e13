"""How httpx is set up for this one provider: TLS always checked, token never astray."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Generator, Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

import tui
from tui.vps.token import Token


class InsecureUrl(ValueError):
    """An address to which a token would go out in clear."""


class Bearer(httpx.Auth):
    """Puts the token into the header of each request; nothing else holds it."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign one request."""
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request

    def __repr__(self) -> str:
        return "Bearer(***)"


def base_address(url: str) -> str:
    """The API's base with a slash at its end, from an address with or without ``/api/v1``.

    Raises InsecureUrl for plain http unless the host is this machine.
    """
    parts = urlsplit(url)
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


def build(base: str, token: Token, timeout: float) -> httpx.AsyncClient:
    """A client for `base`. `timeout` is in seconds for each phase.

    The environment is not trusted as httpx would: a proxy is taken for https only, ``.netrc``
    never, and ``SSL_CERT_FILE`` by way of the standard SSL context.
    """
    return httpx.AsyncClient(
        base_url=base,
        auth=Bearer(token),
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"ciplun/{tui.__version__}",
        },
        timeout=httpx.Timeout(timeout),
        limits=httpx.Limits(max_connections=20, max_keepalive_connections=4),
        follow_redirects=False,
        trust_env=False,
        proxy=_proxy(base),
        verify=ssl.create_default_context() if base.startswith("https:") else True,
    )


def _proxy(base: str, proxies: Mapping[str, str] | None = None) -> str | None:
    parts = urlsplit(base)
    if parts.scheme != "https" or proxy_bypass(parts.hostname or ""):
        return None
    return (getproxies() if proxies is None else proxies).get("https")
