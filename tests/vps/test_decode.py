"""Decoding and cleaning: both dialects, item by item, whatever the service says."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.text import size as display
from tui.vps.decode import Decoder
from tui.vps.errors import BadResponse
from tui.vps.fields import BadItem
from tui.vps.models import Phase
from tui.vps.parsing import count_of, next_query, parse_page
from tui.vps.sanitize import MAX_LENGTH, clean

read_snapshot, read_server = Decoder().snapshot, Decoder().server

PUBLISHED = {
    "id": 801,
    "server": {"id": 12345, "name": "web-server-01"},
    "name": "pre-migration-snapshot",
    "status": "completed",
    "size_mb": 5120,
    "created_at": "2025-01-15T18:30:00Z",
    "description": "Before major migration",
}


def snapshot(**changes: object) -> Any:
    return read_snapshot(json.dumps({**PUBLISHED, **changes}).encode())


def test_the_published_example() -> None:
    found = snapshot()
    assert (found.id, found.server_id, found.server_name) == (801, 12345, "web-server-01")
    assert (found.phase, found.size_mb) == (Phase.COMPLETED, 5120)
    assert found.created_at == datetime(2025, 1, 15, 18, 30, tzinfo=UTC)


def test_long_names_that_begin_alike_stay_unlike() -> None:
    one, other = (snapshot(name="x" * 300 + end).name for end in "ab")
    assert one != other
    assert len(one) == len(other) == MAX_LENGTH
    assert one[:150] == other[:150] == "x" * 150
    assert snapshot(name="x" * 300 + "a").name == one
    assert snapshot(name="x" * MAX_LENGTH).name == "x" * MAX_LENGTH


def test_the_dialect_of_the_provider_s_own_clients() -> None:
    raw = {
        "uuid": "0b0e",
        "server_uuid": "5f2c",
        "server_hostname": "web.example",
        "name": "s",
        "status": "in_progress",
        "size_mb": None,
        "created_at": "2025-01-15T18:30:00.123456+00:00",
    }
    found = read_snapshot(json.dumps(raw).encode())
    assert (found.id, found.server_id, found.server_name) == ("0b0e", "5f2c", "web.example")
    assert found.phase is Phase.BUSY


@pytest.mark.parametrize(
    "raw",
    [
        {"id": 1, "name": "w", "hostname": "h", "status": "active", "ip_address": "192.0.2.1",
         "location": "London", "plan": {"name": "P", "vcpus": 2, "memory": 4096, "storage": 80}},
        {"uuid": "u", "hostname": "w", "ipv4_addresses": ["192.0.2.1"], "location_name": "London",
         "plan_name": "P", "cpu": 2, "ram": 4, "ram_unit": "GB", "disk_space": 80},
        {"uuid": "u", "hostname": "w", "ip_addresses": [{"version": 4, "ip": "192.0.2.1"}],
         "location": {"name": "London"}, "plan": {"name": "P", "vcpus": 2}},
    ],
)  # fmt: skip
def test_servers_of_every_dialect(raw: dict[str, object]) -> None:
    found = read_server(json.dumps(raw).encode())
    assert (found.name, found.address, found.location) == ("w", "192.0.2.1", "London")
    assert "P" in found.plan


def test_a_server_s_password_is_not_kept() -> None:
    found = read_server(b'{"id": 1, "name": "w", "password": "hunter2"}')
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("size", [0, -1, 10**15, None, "big", 3.5, True, [], 10**400])
def test_odd_sizes(size: object) -> None:
    try:
        found = snapshot(size_mb=size).size_mb
        assert found is None or isinstance(found, int)
        assert display(found)
    except BadItem as error:
        assert "size" in str(error)


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday", "", None, 7, "2025-01-15"]
)
def test_odd_dates(when: object) -> None:
    from tui.text import age, stamp

    now = datetime(2025, 1, 22, tzinfo=UTC)
    try:
        found = snapshot(created_at=when).created_at
    except BadItem:
        return
    assert age(found, now)
    if found is not None:
        assert stamp(found)


@pytest.mark.parametrize("status", ["", "archiving", "COMPLETED!", "x" * 10_000, None, 7])
def test_an_unknown_status_is_shown_as_it_came(status: object) -> None:
    try:
        found = snapshot(status=status)
    except BadItem:
        return
    assert found.phase is Phase.UNKNOWN
    assert len(found.status) <= MAX_LENGTH + 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
FIELDS = st.dictionaries(st.sampled_from([*PUBLISHED, "uuid", "server_id", "hostname"]), JSON)


def harmless(text: str) -> bool:
    return all(
        unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") for char in text
    )


@given(FIELDS)
def test_any_item_gives_a_model_or_one_error(fields: dict[str, Any]) -> None:
    body = json.dumps({**PUBLISHED, **fields}).encode()
    for read in (read_snapshot, read_server):
        try:
            found: Any = read(body)
        except BadItem as error:
            assert harmless(str(error))
        else:
            texts = (found.name, getattr(found, "description", ""), getattr(found, "status", ""))
            assert all(harmless(text) for text in texts)


@given(st.binary() | st.builds(lambda value: json.dumps(value).encode(), JSON))
def test_any_bytes_give_a_page_or_one_error(body: bytes) -> None:
    try:
        page = parse_page(body)
        count_of(page)
        next_query(page)
    except BadResponse as error:
        assert harmless(str(error))
        return
    for raw in page.results:
        with contextlib.suppress(BadItem):
            read_snapshot(raw)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\\ud800b", "a<D800>b"),
        ("a\\uD800\\ud800\\udc00\\udfff", "a<D800>\U00010000<DFFF>"),
        ("\\\\ud800 \\udbff", "\\ud800 <DBFF>"),
        ("\\\\\\ud800", "\\<D800>"),
        ("\\n\\udbff\\n", "␊<DBFF>␊"),
    ],
)
def test_half_a_surrogate_pair_hides_no_list(text: str, shown: str) -> None:
    good = json.dumps(PUBLISHED)
    bad = good.replace("pre-migration-snapshot", text)
    page = parse_page(f'{{"results": [{good}, {bad}]}}'.encode())
    assert [read_snapshot(raw).name for raw in page.results] == ["pre-migration-snapshot", shown]


@given(st.text(max_size=400))
def test_clean_text_can_do_nothing(text: str) -> None:
    shown = clean(text)
    assert harmless(shown)
    assert len(shown) <= MAX_LENGTH + 1
    assert clean(shown) == shown or len(shown) > MAX_LENGTH


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("a\r\nb", "a␍␊b"),
        ("\x7f\x9b", "␡<009B>"),
        ("\u202eevil", "<202E>evil"),
        ("zero\u200bwidth", "zero<200B>width"),
        ("[red]not markup[/]", "[red]not markup[/]"),
        ("日本語 é", "日本語 é"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
        ("x" * 100_000, "x" * 200 + "…"),
    ],
)
def test_what_is_shown_instead(text: str, shown: str) -> None:
    assert clean(text) == shown
