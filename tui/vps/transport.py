"""How httpx is set up for this one provider: TLS always checked, token never astray."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from http.cookiejar import CookieJar
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

import tui
from tui.vps import _startup
from tui.vps.errors import UnusableProxy
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


class NoCookies(CookieJar):
    """Keeps no cookie: the API needs none, and an odd one would spoil each later request."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Take none."""


def build(base: str, token: Token, timeout: float, kept: int) -> httpx.AsyncClient:
    """A client for `base`. `timeout` is in seconds for each phase; `kept` connections stay open.

    The environment is not trusted as httpx would: a proxy is taken for https only, ``.netrc``
    never, ``SSL_CERT_FILE`` by way of the standard SSL context, and ``SSLKEYLOGFILE``, which
    would let others read the token, not at all. Raises UnusableProxy; the proxy's address may
    hold a password and is not quoted.
    """
    # Connections serve the pages of one list and are closed after: one that is used again just
    # as the service closes it gives an error for nothing.
    limits = httpx.Limits(
        max_connections=20, max_keepalive_connections=kept, keepalive_expiry=IDLE_CONNECTION
    )
    return _client(base, timeout, limits, Bearer(token))


def page_client(url: str, timeout: float) -> httpx.AsyncClient:
    """A client for a page that is not the provider's: it has no token. Raises UnusableProxy."""
    return _client(url, timeout, httpx.Limits(max_connections=1), None)


def _client(
    base: str, timeout: float, limits: httpx.Limits, auth: Bearer | None
) -> httpx.AsyncClient:
    certificates = _certificates(base)
    return httpx.AsyncClient(
        base_url=base,
        auth=auth,
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"ciplun/{tui.__version__}",
        },
        cookies=NoCookies(),
        timeout=httpx.Timeout(timeout),
        limits=limits,
        follow_redirects=False,
        trust_env=False,
        proxy=_proxy(base, certificates),
        verify=certificates,
    )


def _certificates(base: str) -> ssl.SSLContext:
    """What a certificate is checked against; over plain http there is none, and nobody to trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if base.startswith("https:"):
        context.load_default_certs()
    return context


def way(base: str) -> str:
    """What is asked at `base`, for people: its host, and that a proxy stands before it."""
    host = urlsplit(base).netloc
    return f"{host} through the proxy of HTTPS_PROXY" if _proxy_url(base) else host


def _proxy_url(base: str) -> str:
    """The proxy that the environment names for `base`; empty where there is none."""
    parts = urlsplit(base)
    if parts.scheme != "https" or proxy_bypass(parts.hostname or ""):
        return ""
    return getproxies().get("https", "").strip()


def _proxy(base: str, certificates: ssl.SSLContext) -> httpx.Proxy | None:
    url = _proxy_url(base)
    if not url:
        return None
    if "://" not in url:
        url = f"http://{url}"  # as curl takes it
    try:
        scheme, port = urlsplit(url).scheme.lower(), urlsplit(url).port
        if scheme.startswith("socks"):
            raise UnusableProxy("HTTPS_PROXY names a SOCKS proxy; only an http proxy can be used")
        if scheme not in ("http", "https") or port == 0:
            raise ValueError
        return httpx.Proxy(url, ssl_context=certificates if scheme == "https" else None)
    except (ValueError, httpx.InvalidURL):
        raise UnusableProxy("the proxy that HTTPS_PROXY names cannot be used") from None
