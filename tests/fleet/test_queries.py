"""What a filter finds: names are matched however they are spelled and typed."""

from __future__ import annotations

import unicodedata
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.fleet.matching import fold
from tui.fleet.queries import Arrangement, servers, snapshots
from tui.fleet.scope import Scope
from tui.fleet.state import Fleet, ServerView
from tui.vps.models import Server, Snapshot

SPELLINGS = [
    ("caf\u00e9", "cafe\u0301"),
    ("\u0130stanbul", "istanbul"),
    ("I\u0307STANBUL", "istanbul"),
    ("DIYARBAKIR", "diyarbak\u0131r"),
    ("Stra\u00dfe", "STRASSE"),
    ("\uff57eb", "web"),
    ("\u1112\u1161\u11ab", "\ud55c"),
    ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3"),
]


@pytest.mark.parametrize(("name", "typed"), [*SPELLINGS, *((b, a) for a, b in SPELLINGS)])
def test_a_name_is_found_in_every_spelling(name: str, typed: str) -> None:
    snapshot = Snapshot(id=1, server_id=1, server_name="web", name=f"x-{name}", status="completed")
    view = ServerView(Server(id=1, name=f"web-{name}-01"), (snapshot,))
    other = ServerView(Server(id=2, name="mail"))
    scope = Scope(Fleet(servers=MappingProxyType({1: view, 2: other})), now=0)
    assert servers(scope, Arrangement("name", text=typed)) == (view,)
    assert snapshots(view, scope, Arrangement("created", text=typed)) == (snapshot,)
    assert snapshots(view, scope, Arrangement("created", text=typed + "?")) == ()


@given(st.text(max_size=20))
def test_form_and_case_make_no_difference(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold(unicodedata.normalize(form, text)) == fold(text)
    assert fold(fold(text)) == fold(text)
