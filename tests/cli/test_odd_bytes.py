"""Commands that meet bytes which no honest server sends.

Output, exit code and journal are read back; the token, which is echoed where it can be, is in none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle
from pathlib import Path

import pytest

from tests.helpers.faulty import http
from tests.helpers.raw import CREATE, DELETE, RESTORE, Door
from tests.helpers.service import SECRET, page, snapshot
from tui.vps.exchange import Limits

WRITES = (CREATE, RESTORE, DELETE)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
NAMED = SECRET.replace("vps", "\\u0076ps")
"""The token as JSON may have it."""
Body = bytes | Iterable[bytes]


@pytest.fixture(autouse=True)
def short(door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Time limits are short, and nothing is left in a file with the token in it."""
    limits = Limits(read=0.3, write=0.3, list_base=0.3, list_page=0.0)
    monkeypatch.setattr("tui.vps.exchange.Limits", lambda: limits)
    monkeypatch.setattr("tui.cli.reading.TRIES", 2)
    monkeypatch.setattr("tui.cli.reading._FIRST_PAUSE", 0.01)
    yield
    kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert kept, "there is a journal"
    assert not any(SECRET.encode()[4:] in data for data in kept)


def lists(door: Door, answer: Callable[[str], Body]) -> None:
    """Have the list of snapshots answered so, by the path that is asked."""
    plain = door.said.answer
    door.said.answer = lambda method, path: (
        answer(path) if method == "GET" and "/snapshots/" in path else plain(method, path)
    )


def writes(door: Door, answer: Callable[[], Body]) -> None:
    """Have what is sent answered so."""
    plain = door.said.answer
    door.said.answer = lambda method, path: answer() if method != "GET" else plain(method, path)


def without_end(start: bytes, crumb: bytes) -> Iterator[bytes]:
    """A start, and crumbs for ever."""
    yield start
    while True:
        yield crumb * 4096


def sent(door: Door) -> int:
    """How many writes came."""
    return sum(method != "GET" for method, _ in door.said.requests)


LEAKS = {
    "status line": f"HTTP/1.1 Bearer {SECRET}\r\n\r\n".encode(),
    "status words": f"HTTP/1.1 500 {SECRET}\r\nContent-Length: 0\r\n\r\n".encode(),
    "header line": f"HTTP/1.1 200 OK\r\n{SECRET}\r\n\r\n".encode(),
    "length": f"HTTP/1.1 200 OK\r\nContent-Length: {SECRET}\r\n\r\n".encode(),
    "chunk size": CHUNKED + f"{SECRET}\r\n".encode(),
    "encoding": http(b"[]", "200 OK", f"Content-Encoding: {SECRET}"),
    "moved": http(b"", "307 Moved", f"Location: http://{SECRET}:x/"),
    "key": http(f'{{"{NAMED}": ["{NAMED}"]}}', "503 Unavailable"),
    "page": http(f"<h1>{SECRET}</h1>", "502 Bad Gateway", content_type="text/html"),
}
"""Answers that echo the token where the HTTP library quotes it, and say nothing else."""
TOO_MUCH = {
    "values": http(b"[" + b"0," * 2_000_000 + b"0]"),
    "nesting": http(b"[" * 500_000),
    "digits": http(b"9" * 500_000),
}
LINKS = ["http://[::1", "http://a]b/", "http://a:b:c/", f"http://{SECRET}@[/", [SECRET], 10**400]
CRUMBS = {
    "1xx": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "1xx of the token": (b"", f"HTTP/1.1 103 {SECRET}\r\n\r\n".encode()),
    "chunks": (CHUNKED, b"1\r\n \r\n"),
    "header lines": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
}


# -- lists ---------------------------------------------------------------------------------------


def no_list(door: Door, *why: str) -> None:
    """No command takes what came for a list, or sends anything; each says the reason."""
    for words in (("list", "--json"), *WRITES):
        code, out, err = door.run(*words)
        said = json.loads(out)["error"] if out else err
        assert (code, any(reason in said for reason in why)) == (1, True), (words, out, err)
        assert "unexpected error" not in said
    code, out, _ = door.run("check")
    assert (code, out.startswith("SNAPSHOTS UNKNOWN - ")) == (3, True), out
    assert (sent(door), door.operations()) == (0, [])


@pytest.mark.parametrize("answer", [*LEAKS.values(), *TOO_MUCH.values()], ids=[*LEAKS, *TOO_MUCH])
def test_what_is_no_list_is_none_and_nothing_is_sent(door: Door, answer: bytes) -> None:
    lists(door, lambda path: answer)
    no_list(door, "could not be read", "longer than", "the provider answered 50")


@pytest.mark.parametrize("link", LINKS, ids=range(len(LINKS)))
def test_a_bad_link_is_a_bad_list(door: Door, link: object) -> None:
    lists(door, lambda path: http(json.dumps({"results": door.raw.snapshots, "next": link})))
    no_list(door, "the list's link to its next page could not be read")


@pytest.mark.parametrize("crumbs", CRUMBS.values(), ids=CRUMBS)
def test_a_list_that_never_comes_ends_in_time(door: Door, crumbs: tuple[bytes, bytes]) -> None:
    lists(door, lambda path: without_end(*crumbs))
    began = time.monotonic()
    code, _, err = door.run("list")
    assert (code, door.run(*CREATE).code) == (1, 1), err
    assert (sent(door), door.operations()) == (0, [])
    assert time.monotonic() - began < 5


def test_pages_without_end_end_in_time(door: Door) -> None:
    def pages(path: str) -> bytes:
        number = int(path.partition("page=")[2] or 1)
        return http(json.dumps({"results": [snapshot(number)], "next": f"?page={number + 1}"}))

    lists(door, pages)
    code, _, err = door.run("list")
    assert (code, "did not end in time" in err) == (1, True), err
    assert door.run(*DELETE).code == 1
    assert (sent(door), door.operations()) == (0, [])


@pytest.mark.parametrize(
    "header",
    [
        b'ETag: "\xe9"',
        b'ETag: "' + SECRET.encode() + b'"',
        b'ETag: "a"\r\nETag: "\xff"',
        b"Set-Cookie: a=\xe9; Path=/",
        b"Date: \xff",
        b"Retry-After: \xe9",
        b"Content-Type: \xff",
    ],
)
def test_no_odd_header_spoils_this_command_or_a_later_one(door: Door, header: bytes) -> None:
    plain = door.said.answer

    def answer(method: str, path: str) -> bytes:
        said = plain(method, path)
        assert isinstance(said, bytes)
        return said.replace(b"\r\n", b"\r\n" + header + b"\r\n", 1)

    door.said.answer = answer
    door.raw.written = lambda method, path: http(b"", "204 No Content")
    for _ in range(2):
        code, out, err = door.run("list")
        assert (code, "old" in out, err) == (0, True, ""), (out, err)
    code, out, _ = door.run(*DELETE)
    assert (code, door.stands()) == (0, ("completed", "proved")), out
    later = [head for head in door.said.heads if b"If-None-Match" in head or b"Cookie" in head]
    assert not any(byte > 126 for head in later for byte in head)


HUGE = 10**400
ODD_ITEMS: dict[str, tuple[list[object], list[object]]] = {
    "servers' figures": ([{"id": 11, "name": "db", "ram": HUGE, "cpu": -HUGE}], []),
    "plan": ([{"id": 11, "name": "db", "plan": {"memory": HUGE, "storage": -HUGE}}], []),
    "size": ([], [snapshot(802, size_mb=HUGE)]),
    "date": ([], [snapshot(802, created_at=HUGE)]),
}


@pytest.mark.parametrize("odd", ODD_ITEMS.values(), ids=ODD_ITEMS)
def test_a_number_of_400_digits_costs_its_field(
    door: Door, odd: tuple[list[object], list[object]]
) -> None:
    plain = door.said.answer
    servers = page([{"id": 10, "name": "web", "status": "active"}, *odd[0]])
    door.said.answer = lambda method, path: (
        servers if path == "/api/v1/servers/" else plain(method, path)
    )
    door.raw.snapshots += odd[1]  # type: ignore[arg-type]
    code, out, _ = door.run("list", "--json")
    document = json.loads(out)
    assert (code, {server["name"] for server in document["servers"]} >= {"web"}) == (0, True)
    assert not any(digits in out for digits in ("000000", "e+"))
    writes(door, lambda: http(b"", "204 No Content"))
    assert (door.run(*DELETE).code, door.stands()) == (0, ("completed", "proved"))


@pytest.mark.parametrize(
    "item",
    [snapshot(HUGE), snapshot(802, server={"id": HUGE}), snapshot(802, name="\ud800" * 9**5)],
)
def test_an_item_that_cannot_be_read_costs_itself(door: Door, item: dict[str, object]) -> None:
    door.raw.snapshots.append(item)
    code, out, err = door.run("list", "--json")
    document = json.loads(out)
    listed = [found["id"] for server in document["servers"] for found in server["snapshots"]]
    assert (code, 801 in listed, len(out) < 3_000) == (0, True, True), out
    assert document["complete"] == (not err), "what is left out is said"
    assert document["complete"] == (len(listed) == 2)
    writes(door, lambda: http(b"", "204 No Content"))
    assert (door.run(*DELETE).code, door.stands()) == (0, ("completed", "proved"))


def test_names_that_echo_the_token_are_masked(door: Door) -> None:
    body = page([snapshot(801, name="TOKEN", description="a TOKEN", status="TOKEN")])
    answer = body.replace(b"TOKEN", NAMED.encode()).partition(b"\r\n\r\n")[2]
    lists(door, lambda path: http(answer))
    code, out, _ = door.run("list", "--json")
    assert (code, out.count("***")) == (0, 3), out
    writes(door, lambda: http(b"", "503 Unavailable"))
    code, out, err = door.run(*DELETE)
    assert (code, sent(door)) == (1, 0), "its status is none that anybody knows"
    assert "***" in err


# -- writes --------------------------------------------------------------------------------------


def unknown_once(door: Door, words: tuple[str, ...]) -> None:
    """The command says that the outcome is unknown, and it is sent no second time."""
    code, out, err = door.run(*words)
    (kept,) = door.operations()
    assert (code, kept["state"], kept["kind"]) == (3, "unknown", words[0]), (out, err)
    assert "unexpected error" not in out + err
    assert door.run(*words).code == 1
    assert sent(door) == 1


ANSWERS = {**LEAKS, **TOO_MUCH}


@pytest.mark.parametrize(("words", "answer"), zip(cycle(WRITES), ANSWERS.values()), ids=ANSWERS)
def test_a_write_that_is_answered_so_is_unknown(
    door: Door, words: tuple[str, ...], answer: bytes
) -> None:
    writes(door, lambda: answer)
    unknown_once(door, words)


@pytest.mark.parametrize("crumbs", CRUMBS.values(), ids=CRUMBS)
def test_a_write_whose_answer_never_ends_is_unknown(
    door: Door, crumbs: tuple[bytes, bytes]
) -> None:
    writes(door, lambda: without_end(*crumbs))
    unknown_once(door, CREATE)


def test_what_refuses_a_write_is_told_without_the_token(door: Door) -> None:
    for words in WRITES:
        writes(door, lambda: http(f'{{"detail": "no {NAMED}"}}', "400 Bad Request"))
        code, _, err = door.run(*words)
        newest = door.operations()[0]
        assert (code, err, newest["state"]) == (1, "ciplun: no ***\n", "refused")
        assert newest["words"] == "no ***"


def test_what_is_made_is_told_without_the_token(door: Door) -> None:
    made = json.dumps(snapshot(827, name="nightly", size_mb=HUGE, description="TOKEN"))
    writes(door, lambda: http(made.replace("TOKEN", NAMED), "201 Created"))
    code, out, _ = door.run(*CREATE)
    assert (code, out.startswith("#827 "), door.stands()) == (0, True, ("accepted", "proved"))
