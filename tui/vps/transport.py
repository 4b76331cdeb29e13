"""How httpx is set up for this one provider: TLS always checked, token never astray."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Mapping
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

import tui
from tui.vps import _startup
from tui.vps.errors import Unreachable
from tui.vps.token import Token

_startup.with_httpx()

IDLE_CONNECTION: Final = 1.0
"""Seconds that an idle connection is kept; servers close theirs after two at the soonest."""


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


def build(base: str, token: Token, timeout: float) -> httpx.AsyncClient:
    """A client for `base`. `timeout` is in seconds for each phase.

    The environment is not trusted as httpx would: a proxy is taken for https only, ``.netrc``
    never, and ``SSL_CERT_FILE`` by way of the standard SSL context. Raises Unreachable where the
    proxy's address cannot be used; it may hold a password and is not quoted.
    """
    try:
        return _build(base, token, timeout, _proxy(base))
    except (ImportError, ValueError, httpx.InvalidURL):
        raise Unreachable("the proxy that HTTPS_PROXY names cannot be used") from None


def _build(base: str, token: Token, timeout: float, proxy: str | None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=base,
        auth=Bearer(token),
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"ciplun/{tui.__version__}",
        },
        timeout=httpx.Timeout(timeout),
        # Connections serve the pages of one list and are closed after: one that is used again just
        # as the service closes it gives an error for nothing.
        limits=httpx.Limits(
            max_connections=20, max_keepalive_connections=4, keepalive_expiry=IDLE_CONNECTION
        ),
        follow_redirects=False,
        trust_env=False,
        proxy=proxy,
        verify=_certificates(base),
    )


def _certificates(base: str) -> ssl.SSLContext:
    """What a certificate is checked against; over plain http there is none, and nobody to trust."""
    if base.startswith("https:"):
        return ssl.create_default_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy(base: str, proxies: Mapping[str, str] | None = None) -> str | None:
    parts = urlsplit(base)
    if parts.scheme != "https" or proxy_bypass(parts.hostname or ""):
        return None
    return (getproxies() if proxies is None else proxies).get("https")
