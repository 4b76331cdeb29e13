"""The language of filter, views and commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.fleets import NOW, fleet, snapshot, view
from tui.config.tables import Group
from tui.fleet.groups import NO_GROUPS, Groups
from tui.fleet.health import Judge, Rules
from tui.fleet.queries import (
    SERVER_SORTS,
    Arrangement,
    Everything,
    names_a_server,
    servers,
    snapshots,
)
from tui.fleet.scope import Scope
from tui.fleet.selectors import SelectorError, choose, compile_selector, parse

GROUPS = Groups({"prod": Group(match=("web-*", "db-*"), exclude=("*-staging",))})
WEB1 = view(
    "web-1",
    *(snapshot(n + 1) for n in range(5)),
    id=50,
    address="203.0.113.7",
    location="Frankfurt",
)
WEB10 = view(
    "web-10",
    snapshot(400, name="nightly-1"),
    id=60,
    address="203.0.113.70",
    status="stopped",
)
WEB2 = view(
    "web-2-staging",
    snapshot(2),
    snapshot(3, "failed", name="nightly-2"),
    id=70,
    plan="Large 8 GB",
)
DB = view("db-1", id=80, hostname="primary.example.org", os="Debian 12")
MAIL = view(
    "mail",
    snapshot(30, size_mb=20_480, name="before"),
    snapshot(0, "in_progress"),
    id=90,
    location="Paris",
)
PROTECTED = WEB10.snapshots[0].id
SCOPE = Scope(
    fleet([WEB1, WEB10, WEB2, DB, MAIL], protected=frozenset({PROTECTED})),
    NOW.timestamp(),
    Judge(Rules(groups=GROUPS)),
    marked_servers={DB.server.id},
    marked_snapshots={WEB2.snapshots[0].id},
)


def listed(text: str, sort: str = "name") -> list[str]:
    return [v.server.name for v in servers(SCOPE, Arrangement(sort, text=text))]


def rows(text: str) -> list[str]:
    by = Arrangement("created", text=text)
    found = Everything().rows(SCOPE, by)
    one_by_one = [s for v in SCOPE.fleet.servers.values() for s in snapshots(v, SCOPE, by)]
    assert sorted(s.id for s in found) == sorted(s.id for s in one_by_one)
    return [f"{s.server_name}/{s.name}" for s in found]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["db-1", "mail", "web-1", "web-2-staging", "web-10"]),
        ("web", ["web-1", "web-2-staging", "web-10"]),
        ("web-*", ["web-1", "web-2-staging", "web-10"]),
        ("web-?", ["web-1"]),
        ("*1", ["db-1", "web-1"]),
        ("EXAMPLE.org", ["db-1"]),
        ("debian", ["db-1"]),
        ("large", ["web-2-staging"]),
        ("paris", ["mail"]),
        ("web !staging", ["web-1", "web-10"]),
        ("!web-* !mail", ["db-1"]),
        ('"8 gb"', ["web-2-staging"]),
        ('"8 gb', ["web-2-staging"]),
        ('!"8 gb" web', ["web-1", "web-10"]),
        ("full", ["web-1"]),
        ("none", ["db-1"]),
        ("stale", ["web-10"]),
        ("failed", ["web-2-staging"]),
        ("busy", ["mail"]),
        ("problem", ["db-1", "web-1", "web-2-staging", "web-10"]),
        ("!problem", ["mail"]),
        ("marked", ["db-1"]),
        ("protected", ["web-10"]),
        ("FULL", ["web-1"]),
        ('"full"', []),
        ("age>7d", ["db-1", "web-10"]),
        ("age<24h", ["web-1", "web-2-staging"]),
        ("age>24h age<7d", ["mail"]),
        ("used>=2", ["mail", "web-1", "web-2-staging"]),
        ("used=0", ["db-1"]),
        ("size>10G", ["mail"]),
        ("size<1.5T size>=20GB", ["mail"]),
        ("status:stopped", ["web-10"]),
        ("status:stop", ["web-10"]),
        ("loc:fra", ["web-1"]),
        ("LOC:f*rt", ["web-1"]),
        ("group:prod", ["db-1", "web-1", "web-10"]),
        ("group:prod problem !full", ["db-1", "web-10"]),
        ("name:*-1", ["db-1", "web-1"]),
        ("name:mai", ["mail"]),
    ],
)
def test_servers_are_chosen(text: str, names: list[str]) -> None:
    assert parse(text, GROUPS).problem == ""
    assert listed(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("name:nightly-*", ["web-2-staging/nightly-2", "web-10/nightly-1"]),
        ("failed", ["web-2-staging/nightly-2"]),
        ("busy", ["mail/nightly"]),
        ("protected", ["web-10/nightly-1"]),
        ("marked", ["web-2-staging/nightly"]),
        ("age>20h", ["mail/before", "web-10/nightly-1"]),
        ("size>1G", ["mail/before"]),
        ("stale", ["web-10/nightly-1"]),
        ("status:in_prog", ["mail/nightly"]),
        ("group:prod !full", ["web-10/nightly-1"]),
        ("loc:paris !busy", ["mail/before"]),
        ("mail bef*", ["mail/before"]),
        ("!nightly", ["mail/before"]),
    ],
)
def test_snapshots_are_chosen(text: str, names: list[str]) -> None:
    assert rows(text) == names


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("age>7", "age>7: an age has a unit, like age>7d"),
        ("age>", "age>: an age has a unit"),
        ("size>10", "size>10: a size has a unit, like size>10G"),
        ("used>6", "used>6: a number from 0 to 5, like used>=4"),
        ("used>four", "used>four: a number"),
        ("sice>10G", "sice>10G: did you mean size?"),
        ("colour=red", "colour=red: comparisons are like age>7d, size>10G, used>=4"),
        ("stauts:stopped", "stauts:stopped: did you mean status?"),
        ("colour:red", "colour:red: fields are status, loc, group, name"),
        ("status:", "status: needs a value, like status:stopped"),
        ("group:prd", "group:prd: did you mean prod?"),
        ("group:x", "group:x: groups are prod"),
        ("web !", "! needs a word after it"),
        ('""', "quotes need a text"),
        ("x" * 501, "a selector has at most 500 characters"),
        ("", "a selector must not be empty; name:* is everything"),
        ("  ", "a selector must not be empty"),
        ("age>\x1b[2J", "age>"),
    ],
)
def test_what_means_nothing_is_said_with_what_would_be_right(text: str, said: str) -> None:
    with pytest.raises(SelectorError) as caught:
        compile_selector(text, GROUPS)
    assert str(caught.value).startswith(said)
    assert str(caught.value).isprintable()


def test_without_groups_that_is_said() -> None:
    assert parse("group:prod", NO_GROUPS).problem == "group:prod: no group is set"


def test_while_typing_the_words_that_mean_something_go_on_choosing() -> None:
    assert listed("web used>") == ["web-1", "web-2-staging", "web-10"]
    assert parse("web used>", GROUPS).problem.startswith("used>: a number")


def test_a_text_that_is_nearly_a_state_gives_a_hint() -> None:
    assert parse("faild", GROUPS).hint == "did you mean failed?"
    assert parse("web", GROUPS).hint == ""
    with pytest.raises(SelectorError, match=r"no server matches 'faild'; did you mean failed\?"):
        choose(compile_selector("faild", GROUPS), SCOPE)


@pytest.mark.parametrize(
    "address", ["2001:db8::1", "fe80::", "abcd:ef01:2345::", "203.0.113.7:443"]
)
def test_an_address_is_no_field(address: str) -> None:
    assert parse(address, NO_GROUPS).words == (address,)


def test_what_is_typed_as_a_whole_comes_first() -> None:
    many = fleet([view(f"s{n:03}", address=f"203.0.113.{n}") for n in range(255, 0, -1)])
    scope = Scope(many, 0.0)
    for sort in SERVER_SORTS:
        for reverse in (False, True):
            by = Arrangement(sort, reverse, "203.0.113.7")
            found = [v.server.address for v in servers(scope, by)]
            assert found[0] == "203.0.113.7"
            assert len(found) == 11
    assert names_a_server(scope, "203.0.113.7")
    assert not names_a_server(scope, "203.0.113.")


def test_numbers_in_names_are_ordered_by_their_value() -> None:
    names = ["web-10", "web-2", "web-02", "Web-1", "web", "web-1b", "10", "9", "web-2-x"]
    scope = Scope(fleet([view(name) for name in names]), 0.0)
    found = [v.server.name for v in servers(scope, Arrangement("name"))]
    assert found == ["9", "10", "web", "Web-1", "web-1b", "web-02", "web-2", "web-2-x", "web-10"]


def test_a_date_in_the_future_makes_nothing_young_and_hides_no_young_one() -> None:
    alone = view("alone", snapshot(-1), id=1)
    with_old = view("with-old", snapshot(-1), snapshot(400), id=2)
    with_new = view("with-new", snapshot(-1), snapshot(1), id=3)
    ahead = view("ahead", snapshot(-1 / 60), id=4)  # a minute: clocks are never the same
    scope = Scope(fleet([alone, with_old, with_new, ahead]), NOW.timestamp())

    def chosen(text: str) -> list[str]:
        return [v.server.name for v in servers(scope, Arrangement("name", text=text))]

    assert chosen("age<7d") == ["ahead", "with-new"]
    assert chosen("age>7d") == ["alone", "with-old"]
    young = Everything().rows(scope, Arrangement("created", text="age<7d"))
    assert [s.server_name for s in young] == ["ahead", "with-new"]


def test_risk_is_the_order_of_the_findings_and_then_of_age() -> None:
    assert listed("", "risk") == ["db-1", "web-10", "web-2-staging", "web-1", "mail"]


def test_a_word_with_stars_takes_no_time() -> None:
    name = "a" * 200
    scope = Scope(fleet([view(name)]), 0.0)
    assert servers(scope, Arrangement("name", text="*a" * 100 + "b")) == ()
    assert len(servers(scope, Arrangement("name", text="*a" * 100))) == 1


_WORDS = st.sampled_from([*'!<>=:"* ', "age", "7d", "group", "web-1", "full", "\u0130", "\x00"])


@given(st.lists(_WORDS, max_size=12).map("".join))
def test_any_text_is_understood_or_said(text: str) -> None:
    found = parse(text, GROUPS)
    assert found.problem.isprintable()
    listed(text)
    rows(text)


@given(st.sampled_from(["web", "web-*", "full", "age>1d", "group:prod", "name:db", "busy"]))
def test_not_is_the_rest(word: str) -> None:
    assert sorted(listed(word) + listed(f"!{word}")) == sorted(listed(""))
