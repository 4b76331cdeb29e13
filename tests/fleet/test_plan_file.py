"""Plans in files: what is carried out is what was agreed to, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.helpers.fleets import NOW, fleet, snapshot, view
from tui.config.tables import Policy
from tui.fleet.plan import Plan
from tui.fleet.plan_file import PlanFileError, changes, read, write
from tui.fleet.retention import by_glob, retain
from tui.fleet.writes.drafts import Safety, create_plan, retention_plan, safety_plan

WEB = view("web", *(snapshot(30 + n, name=f"n-{n}", size_mb=5) for n in range(3)))
DB = view("db", snapshot(99, name="n-9"))
FLEET = fleet([WEB, DB])
POLICY = Policy(name="n-{date}", keep_last=1)


def prune() -> Plan:
    return retention_plan([retain(WEB, POLICY, by_glob("n-*"), NOW)], "by hand")


def saved(folder: Path, plan: Plan | None = None) -> Path:
    path = folder / "plan.json"
    write(path, plan or prune(), FLEET, "admin@example.net", NOW)
    return path


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = saved(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    found = read(path)
    assert found.plan() == prune()
    assert (found.made_at, found.account) == (NOW, "admin@example.net")
    assert changes(found, FLEET, "admin@example.net") == ()
    shown = json.loads(path.read_text())
    ids = [s.id for s in WEB.snapshots]
    assert shown["servers"] == [{"id": WEB.server.id, "name": "web", "snapshots": ids}]
    assert [step["snapshot"]["name"] for step in shown["steps"]] == ["n-2", "n-1"]


def test_creates_are_kept_with_what_makes_room_for_them(tmp_path: Path) -> None:
    goes = WEB.snapshots[-1]
    plan = create_plan([(WEB.server, goes), (DB.server, None)], "before", "why")
    assert read(saved(tmp_path, plan)).plan() == plan


def test_no_file_is_overwritten_and_none_is_written_anywhere(tmp_path: Path) -> None:
    path = saved(tmp_path)
    before = path.read_bytes()
    with pytest.raises(PlanFileError, match="this file exists already"):
        saved(tmp_path)
    assert path.read_bytes() == before
    with pytest.raises(PlanFileError, match="No such file"):
        write(tmp_path / "no" / "plan", prune(), FLEET, "", NOW)
    restore = safety_plan(WEB.snapshots[0], WEB.server, Safety("first"))
    with pytest.raises(PlanFileError, match="cannot be kept in a file"):
        write(tmp_path / "other", restore, FLEET, "", NOW)


def changed(**facts: Any) -> Any:
    oldest = WEB.snapshots[-1]
    other = msgspec.structs.replace(oldest, **facts)
    return msgspec.structs.replace(WEB, snapshots=(*WEB.snapshots[:-1], other))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (fleet([DB]), "is no longer listed"),
        (fleet([changed(name="mine"), DB]), "is called mine now"),
        (fleet([changed(status="failed"), DB]), "was completed and is failed now"),
        (fleet([changed(created_at=NOW), DB]), "is another snapshot now, with another date"),
        (fleet([changed(id=7), DB]), "is no longer listed"),
        (
            fleet([msgspec.structs.replace(WEB, snapshots=WEB.snapshots[:2])]),
            "used 3 slots and uses 2 now",
        ),
        (
            fleet([view("web", *WEB.snapshots[1:], snapshot(1, name="x"), id=int(WEB.server.id))]),
            "has other snapshots now",
        ),
        (fleet([WEB, DB], protected=frozenset({WEB.snapshots[1].id})), "is protected here now"),
        (
            fleet([view("web-2", *WEB.snapshots, id=int(WEB.server.id))]),
            "is called web-2 now",
        ),
    ],
)
def test_what_has_changed_is_said(tmp_path: Path, now: Any, said: str) -> None:
    found = changes(read(saved(tmp_path)), now, "admin@example.net")
    assert said in "\n".join(found)


def test_a_plan_of_another_account_is_none(tmp_path: Path) -> None:
    found = changes(read(saved(tmp_path)), FLEET, "other")
    assert found == ("it was made for another account",)


def test_others_change_no_plan_of_ours(tmp_path: Path) -> None:
    path = saved(tmp_path)
    for mode in (0o646, 0o620):
        path.chmod(mode)
        with pytest.raises(PlanFileError, match="others can change it"):
            read(path)
    path.chmod(0o644)
    assert read(path).plan() == prune()


def test_the_plan_of_a_large_fleet_is_read_again(tmp_path: Path) -> None:
    views = [view(f"web-{n}", *(snapshot(30 + k, name="n") for k in range(5))) for n in range(900)]
    found = [retain(each, POLICY, by_glob("n"), NOW) for each in views]
    plan, path = retention_plan(found, "by hand"), tmp_path / "plan.json"
    write(path, plan, fleet(views), "", NOW)
    assert path.stat().st_size > 1 << 20
    assert read(path).plan() == plan
    with pytest.raises(PlanFileError, match="more than 50000 steps"):
        write(tmp_path / "more", replace(plan, steps=plan.steps * 14), fleet(views), "", NOW)


def test_a_plan_of_a_version_to_come_is_called_one(tmp_path: Path) -> None:
    path = saved(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "ciplun_plan": 2, "new": [1]}))
    with pytest.raises(PlanFileError, match="the plan has version 2, this"):
        read(path)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("ciplun_plan", 2, "the plan has version 2, this ciplun reads version 1"),
        ("kind", "restore", "not a plan of ciplun"),
        ("steps", [], "it has no steps"),
        ("name", "\x1b[2J", "its name: the character U\\+001B is not allowed"),
        ("servers", [], "step 1: its server is not in the plan"),
        ("more", 1, "not a plan of ciplun"),
    ],
)
def test_a_file_that_was_not_written_here_is_refused(
    tmp_path: Path, key: str, value: object, said: str
) -> None:
    path = saved(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(PlanFileError, match=said):
        read(path)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"needs": 1}, "step 1: it needs a step that is not before it"),
        ({"name": "other"}, "step 1: its snapshot is missing or does not match"),
        ({"snapshot": None}, "step 1: its snapshot is missing"),
        ({"do": "create", "name": "a b"}, "step 1: a space is not allowed"),
        ({"description": "old\ndelete of another"}, "step 1: the character U+000A is not allowed"),
        ({"do": "restore"}, "not a plan of ciplun"),
    ],
)
def test_a_step_that_was_not_written_here_is_refused(
    tmp_path: Path, facts: dict[str, object], said: str
) -> None:
    path = saved(tmp_path)
    shown = json.loads(path.read_text())
    shown["steps"][0] |= facts
    path.write_text(json.dumps(shown))
    with pytest.raises(PlanFileError) as caught:
        read(path)
    assert said in str(caught.value)


def test_a_server_has_the_name_that_was_compared(tmp_path: Path) -> None:
    path = saved(tmp_path)
    path.write_text(path.read_text().replace('"server_name": "web"', '"server_name": "we\\u001bb"'))
    found = read(path)
    assert found.steps[0].snapshot != prune().steps[0].target
    assert found.plan() == prune()


@given(st.binary(max_size=40) | st.text('{}[]":,0ciplun_', max_size=30).map(str.encode))
def test_any_file_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content)
    with pytest.raises(PlanFileError) as caught:
        read(path)
    assert str(caught.value).isprintable()
