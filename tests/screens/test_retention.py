"""What a policy would keep and delete, on the screen, before and while it does so."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from tests.helpers.driving import (
    answer,
    choose,
    connection,
    fire,
    live,
    mark,
    session,
    shown,
    type_text,
    until,
)
from tests.helpers.places import Place, held
from tui.fleet.journal.policy_runs import PolicyRun, RunBook
from tui.screens.dialogs.retention import PolicyDialog, RetentionDialog


def problem(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#policy-problem", Static).render())


async def ask(pilot: Pilot[None], policy: str, server: str = "db-01") -> None:
    await live(pilot)
    await choose(pilot, server)
    await pilot.press("space", "K")
    assert isinstance(pilot.app.screen, PolicyDialog)
    field = pilot.app.screen.query_one("#policy", Input)
    field.value = ""
    await type_text(pilot, policy)
    await pilot.press("enter")


async def test_each_snapshot_is_shown_with_its_reason_and_a_count_deletes(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await ask(pilot, "last=1 daily=1 name=nightly-*")
        assert isinstance(pilot.app.screen, RetentionDialog)
        before = held(simulated, "db-01")
        text = shown(pilot)
        assert "keep: last 1" in text
        assert "delete: no rule keeps it" in text
        going = text.count("delete: no rule keeps it")
        await pilot.press("enter")
        assert pilot.app.screen.query_one("#send", Button).disabled
        await type_text(pilot, f"delete {going}")
        await pilot.press("enter")
        await fire(pilot)
        await until(pilot, lambda: held(simulated, "db-01") == before - going)
        await until(pilot, lambda: "done" in answer(pilot) or "deleted" in shown(pilot))
        plans = await connection(pilot).plans.history()
        assert [plan.kind.value for plan in plans] == ["retention"]
        assert plans[0].steps[0].description.endswith("no rule keeps it")
        await pilot.press("escape")


async def test_marks_that_a_filter_hides_are_said_before_what_goes(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await mark(pilot, "db-01", "mail")
        await pilot.press("slash")
        await type_text(pilot, "mail")
        await pilot.press("enter", "K")
        pilot.app.screen.query_one("#policy", Input).value = "last=1 name=nightly-*"
        await pilot.press("enter")
        await until(pilot, lambda: "Includes 1 marked row that is not shown now." in shown(pilot))


async def test_a_policy_that_is_none_is_said_with_what_would_be_right(simulated: Place) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await ask(pilot, "nightly")
        assert problem(pilot) == (
            "nightly is not a policy: no policy is set, or like last=2 weekly=1 name=nightly-*"
        )
        field = pilot.app.screen.query_one("#policy", Input)
        for text, said in (
            ("  ", "a policy is missing: no policy is set, or like last=2"),
            ("last=9 name=x", "last=9: a number from 0 to 5"),
            ("last=1", "name=… is missing"),
            ("first=1 name=x", "first=1: write it like last=2"),
            ("last=4 reserve=2 name=x", "needs 6 slots (last 4 + reserve 2)"),
        ):
            field.value = text
            await pilot.press("enter")
            assert problem(pilot).startswith(said)
        await pilot.press("escape")
        assert simulated.sent("DELETE") == []


async def test_where_nothing_may_be_written_it_is_only_shown(simulated: Place) -> None:
    async with simulated.app(read_only=True).run_test(size=(120, 40)) as pilot:
        await ask(pilot, "last=1 name=nightly-*")
        text = shown(pilot)
        assert "delete: no rule keeps it" in text
        assert "Nothing can be deleted now" in text
        assert pilot.app.screen.query_one("#send", Button).disabled


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
async def test_on_small_screens(simulated: Place, size: tuple[int, int]) -> None:
    async with simulated.app().run_test(size=size) as pilot:
        await ask(pilot, "last=1 name=nightly-*")
        assert "delete: no rule keeps it" in shown(pilot)
        assert "keeps it  …" not in shown(pilot), "nothing of it is cut"


async def test_on_another_size_names_are_cut_anew_and_the_field_stays_in_sight(
    simulated: Place,
) -> None:
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await pilot.press("K")
        await type_text(pilot, "last=1 name=*")
        await pilot.press("enter")
        await type_text(pilot, "del")
        for size in ((60, 15), (80, 24), (60, 15)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: "▌ del" in shown(pilot))
            names = "shop-p…tral-1" if size[0] == 60 else "shop-pro…central-1"
            items = pilot.app.screen.query_one("#items", Static)
            await until(pilot, lambda: names in str(items.render()))  # noqa: B023


async def test_details_say_what_a_policy_would_do(simulated: Place) -> None:
    settings = simulated.environ["HOME"]
    file = Path(settings) / ".config/ciplun/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        '[groups.db]\nmatch = ["db-*"]\n[policies.nightly]\non = "group:db"\n'
        'name = "nightly-{date}"\nkeep_last = 1\n[policies.other]\non = "web"\n'
        'name = "x-{date}"\nkeep_last = 1\n'
    )
    file.chmod(0o600)
    server = simulated.server("db-02-replica")
    for n in (2, 3):
        simulated.world.add_snapshot(server, f"nightly-2025-01-1{n}", hours=900 - n)
    async with simulated.app().run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "db-02-replica")
        await pilot.press("d")
        text = shown(pilot)
        assert "Groups" in text
        assert "a snapshot failed" in text
        assert "Policy nightly" in text
        assert "2 of its own, keeps 1 at most, would delete nightly-2025-01-12" in text
        assert "Policy other" not in text
        await until(pilot, lambda: "not yet on this machine" in shown(pilot))
        await pilot.press("escape")
        account = connection(pilot).operations.account
        book = RunBook(connection(pilot).operations.journal.file, lambda: account)
        at = session(pilot).service_now() - 7_200
        await book.record(
            PolicyRun("nightly", "ensure", at, 900.5 * 3_600), PolicyRun("x", "prune", at)
        )
        await pilot.press("d")
        words = "ensure 2 hours ago; a new one is due in 34d12h"
        await until(pilot, lambda: words in shown(pilot))
