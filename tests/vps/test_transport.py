"""Where the token goes, and where it never goes: TLS, proxies, .netrc, plain http."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from tests.helpers.faulty import SECRET, client, faulty, http
from tui.vps.client import Client
from tui.vps.errors import BadResponse, Unreachable
from tui.vps.token import BadToken, Token
from tui.vps.urls import InsecureUrl, base_url

EMPTY = http('{"results": []}')


def server_context(ca: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return context


async def test_an_authority_of_one_s_own_is_trusted_by_ssl_cert_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with faulty(EMPTY, tls=server_context(ca, "localhost")) as server:
        async with client(server.url) as api:
            with pytest.raises(Unreachable, match="certificate was refused"):
                await api.snapshots()
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        async with client(server.url) as api:
            assert not (await api.snapshots()).items
    async with faulty(EMPTY, tls=server_context(ca, "other.example")) as server:
        async with client(server.url) as api:
            with pytest.raises(Unreachable, match="certificate was refused"):
                await api.snapshots()
        assert server.requests == []


async def test_no_proxy_gets_the_token_on_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    async with faulty(EMPTY) as proxy, faulty(EMPTY) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/api/v1"))
        async with client(server.url) as api:
            await api.snapshots()
        assert proxy.requests == []
        assert SECRET.encode() in server.requests[0]


async def test_a_proxy_for_https_sees_a_tunnel_and_no_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with faulty(http("", "502 X")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.removesuffix("/api/v1"))
        async with client("https://admin.vps.org/api/v1") as api:
            with pytest.raises(Unreachable):
                await api.snapshots()
        assert proxy.requests[0].startswith(b"CONNECT admin.vps.org:443")
        assert SECRET.encode() not in proxy.requests[0]


async def test_netrc_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with faulty(EMPTY) as server, client(server.url) as api:
        await api.snapshots()
    assert f"Authorization: Bearer {SECRET}".encode() in server.requests[0]


@pytest.mark.parametrize(
    "url", ["http://admin.vps.org", "http://10.0.0.1/api/v1", "ftp://x", "x", ""]
)
def test_a_token_never_goes_out_in_clear(url: str) -> None:
    with pytest.raises(InsecureUrl):
        Client(url, Token(SECRET))


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://admin.vps.org", "https://admin.vps.org/api/v1/"),
        ("https://admin.vps.org/api/v1/", "https://admin.vps.org/api/v1/"),
        ("http://127.0.0.1:8080/api/v1", "http://127.0.0.1:8080/api/v1/"),
        ("http://localhost:8080", "http://localhost:8080/api/v1/"),
    ],
)
def test_addresses_with_and_without_the_api_s_path(url: str, base: str) -> None:
    assert base_url(url) == base


@pytest.mark.parametrize("text", ["", "  ", "a b", "a\nb", "a\x00b", "tökén", "\x1b[0m"])
def test_what_cannot_be_a_token_is_refused_unquoted(text: str) -> None:
    with pytest.raises(BadToken) as caught:
        Token(text)
    if text.strip():
        assert text.strip() not in str(caught.value)


def test_a_token_shows_itself_to_nobody() -> None:
    import copy
    import pickle

    token = Token(f"  {SECRET}\n")
    shown = f"{token} {token!r} {[token]} {Client('https://a.example', token).__dict__}"
    assert SECRET not in shown
    assert token.reveal() == SECRET
    assert not hasattr(token, "__dict__")
    for make in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            make(token)


async def test_no_redirect_leads_from_https_to_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with faulty(EMPTY) as plain, faulty(EMPTY, tls=server_context(ca, "localhost")) as server:
        for target in (plain.url, server.url.replace("https:", "http:")):
            server.answers = [http("", "301 X", f"Location: {target}/snapshots/"), EMPTY]
            async with client(server.url) as api:
                with pytest.raises(BadResponse, match="not followed"):
                    await api.snapshots()
            server.requests.clear()
        assert plain.requests == []


@pytest.mark.parametrize(
    "proxy", ["socks5://user:hunter2@192.0.2.1:1080", "ftp://a", "http://a:b", "a:0"]
)
async def test_a_proxy_that_cannot_be_used_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(Unreachable, match="HTTPS_PROXY") as caught:
        Client("https://admin.vps.org", Token(SECRET))
    assert "hunter2" not in str(caught.value)


async def test_a_proxy_without_a_scheme_is_an_http_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async with faulty(http("", "502 X")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.removeprefix("http://").partition("/")[0])
        async with client("https://admin.vps.org/api/v1") as api:
            with pytest.raises(Unreachable, match="the proxy answered 502"):
                await api.snapshots()
        assert proxy.requests[0].startswith(b"CONNECT admin.vps.org:443")


async def test_a_proxy_that_refuses_is_not_taken_for_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:1")
    async with client("https://admin.vps.org/api/v1") as api:
        with pytest.raises(Unreachable) as caught:
            await api.snapshots()
    where = "admin.vps.org through the proxy of HTTPS_PROXY"
    assert str(caught.value) == f"could not reach {where}: connection refused"


def test_a_socks_proxy_and_a_key_log_are_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "no" / "f"))
    Client("https://admin.vps.org", Token(SECRET))
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(Unreachable, match="SOCKS"):
        Client("https://admin.vps.org", Token(SECRET))
