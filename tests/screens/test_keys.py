"""Keys as they are set: they work in dialogs too, and no sentence names another."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tests.helpers.driving import choose, connection, live, shown, toasts, type_text, until
from tests.helpers.places import Place
from tui.commands import COMMANDS, DASHBOARD, GROUPS, Keys
from tui.keymap import keys_problem
from tui.screens.dialogs.base import Dialog
from tui.screens.dialogs.details import DetailsDialog
from tui.screens.dialogs.help import HelpDialog
from tui.screens.dialogs.operations import OperationsDialog
from tui.simulator.scenarios import hooks
from tui.widgets.row_list import RowList

_ELSEWHERE = {"a", "1", "2", "/", "-"}
"""Keys that are also words of a sentence, figures, a dash, or the sign of the filter line."""


MODIFIERS = ("", "ctrl+", "shift+", "alt+", "ctrl+shift+", "ctrl+alt+", "shift+alt+")


def remapped() -> dict[str, str]:
    """Another key for every command, none of which is a default of any."""
    keys = (f"{modifier}f{n}" for modifier in MODIFIERS for n in range(1, 13))
    return {command.id: key for command, key in zip(COMMANDS, keys, strict=False)}


def defaults() -> set[str]:
    return {key for c in COMMANDS for key in Keys().all_shown(c.id).split()} - _ELSEWHERE


def named(text: str) -> Iterator[str]:
    """Default keys that stand in a text as words of their own."""
    for word in re.sub("[│╭╮╰╯─]", " ", text).split():
        for key in {word, word.strip(".,;()“”")} & defaults():
            yield f"{key!r} in: {text[max(0, text.find(word) - 60) :][:120]}"


def told(pilot: Pilot[None]) -> str:
    """What stands in the open dialog, or on the whole screen."""
    text = shown(pilot)
    boxes = pilot.app.screen.query(".dialog")
    if not boxes:
        return text
    box = boxes.first().region
    lines = text.splitlines()[box.y : box.bottom]
    return "\n".join(line[box.x : box.right] for line in lines)


def test_every_key_can_be_another() -> None:
    assert keys_problem(remapped()) == ""


async def test_no_sentence_names_a_key_that_is_not_set(simulated: Place) -> None:
    keys = remapped()
    app = simulated.app(keys=keys)
    async with app.run_test(size=(120, 40)) as pilot:

        async def press(*commands: str) -> None:
            await pilot.press(*(keys[command] for command in commands))

        def look(expected: str = "") -> None:
            text = told(pilot)
            if expected:
                assert expected in text
            assert not list(named(text))
            assert not [word for toast in toasts(pilot) for word in named(toast)]

        async def look_at(expected: str) -> None:
            await until(pilot, lambda: expected in shown(pilot))
            look()
            await press("leave")
            await until(pilot, lambda: not isinstance(app.screen, Dialog))

        await live(pilot)
        look(f"{keys['create']} Create")
        await press("filter")
        await type_text(pilot, "nothing")
        await press("accept")
        look(f"{keys['clear']} clears the filter")
        await press("clear")
        await choose(pilot, "web-server-02")
        look(f"{keys['create']} creates the first")
        await press("create")
        await look_at(f"{keys['leave']} cancel")
        await choose(pilot, "db-01")
        await press("create")
        await look_at("Make room on db-01")
        await press("right_pane", "restore")
        await look_at("Type the server's name")
        await press("delete")
        await look_at("Type the snapshot's name")
        await press("mark", "mark", "delete")
        await look_at("Delete 2 snapshots")
        await press("clear", "details")
        await look_at(f"{keys['copy_json']} copy the JSON")
        await press("left_pane", "mark", "create")
        await look_at("One name for all")
        await press("clear", "add_server")
        await look_at(f"{keys['accept']} accept")
        await press("help")
        await look_at(f"{keys['leave']} close")
        await press("lock", "create")
        assert f"{keys['lock']} unlocks it" in toasts(pilot)[-1]
        look()


async def test_no_sentence_about_trouble_names_a_key_that_is_not_set(simulated: Place) -> None:
    keys = remapped()
    app = simulated.app(keys=keys)
    async with app.run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await choose(pilot, "web-server-02")
        simulated.service.hooks += hooks(["lost-answer:1"])
        await pilot.press(keys["create"], keys["accept"])
        await until(pilot, lambda: connection(pilot).operations.running())
        await pilot.press(keys["leave"], keys["operations"])
        await until(pilot, lambda: "create before-update" in shown(pilot))
        await pilot.press(keys["stop_tracking"])
        assert f"{keys['stop_tracking']} again" in toasts(pilot)[-1]
        assert not list(named(told(pilot)))
        assert not [word for toast in toasts(pilot) for word in named(toast)]
        await pilot.press(keys["close"])
        simulated.world.tokens.clear()
        await pilot.press(keys["refresh"])
        await until(pilot, lambda: f"put another there, then {keys['refresh']}" in shown(pilot))
        assert not list(named(told(pilot)))


@pytest.mark.parametrize("token", [None, "vps_not_known"])
async def test_the_first_screens_name_the_keys_as_they_are_set(
    simulated: Place, token: str | None
) -> None:
    keys = remapped()
    simulated.world.tokens.clear()
    if token is None:
        del simulated.environ["VPS_API_TOKEN"]
    async with simulated.app(keys=keys).run_test(size=(120, 40)) as pilot:
        said = keys["refresh"] if token else f"press {keys['accept']} to look around"
        await until(pilot, lambda: said in shown(pilot))
        assert not list(named(told(pilot)))


async def test_help_shows_each_key_under_its_own_heading(simulated: Place) -> None:
    async with simulated.app(keys={"refresh": "f5,r"}).run_test(size=(120, 120)) as pilot:
        await live(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpDialog))
        lines = [line.strip(" │").rstrip() for line in told(pilot).splitlines()]
        keys, found, heading = pilot.app.keys, {}, ""  # type: ignore[attr-defined]
        for line in lines:
            if line in GROUPS:
                heading = line
            for command in COMMANDS:
                if re.fullmatch(
                    f"{re.escape(keys.all_shown(command.id))}  +{re.escape(command.help)}", line
                ):
                    found[command.id] = heading
        assert found == {command.id: command.group for command in COMMANDS}
        assert [line for line in lines if line in GROUPS] == list(GROUPS)


@pytest.mark.parametrize("key", ["down", "j", "pagedown", "ctrl+d", "G", "end"])
async def test_a_page_is_read_with_the_keys_of_the_lists(simulated: Place, key: str) -> None:
    async with simulated.app().run_test(size=(80, 24)) as pilot:
        await live(pilot)
        await pilot.press("question_mark")
        body = pilot.app.screen.query_one(".dialog-body")
        await pilot.press(key)
        expected = {
            "down": 1,
            "j": 1,
            "pagedown": body.size.height,
            "ctrl+d": body.size.height // 2,
        }
        assert body.scroll_y == expected.get(key, body.max_scroll_y)
        back = {"down": "up", "j": "k", "pagedown": "pageup", "ctrl+d": "ctrl+u", "G": "g"}
        await pilot.press(back.get(key, "home"))
        assert body.scroll_y == 0


@pytest.mark.parametrize(
    ("key", "to"),
    [("j", 1), ("down", 1), ("G", 4), ("end", 4), ("pagedown", 4), ("ctrl+d", 2)],
)
async def test_the_moving_keys_work_in_the_choice_of_a_dialog(
    simulated: Place, key: str, to: int
) -> None:
    names = tuple(f"profile-{n}" for n in range(5))
    app = simulated.app(profile="profile-0", profiles=names)
    async with app.run_test(size=(120, 40)) as pilot:
        await live(pilot)
        await pilot.press("P")
        options = app.screen.query_one(OptionList)
        await pilot.press(key)
        assert options.highlighted == to
        await pilot.press({"G": "g", "end": "home", "pagedown": "pageup"}.get(key, "ctrl+u"))
        assert options.highlighted == 0


async def test_half_a_page_down_and_up_in_the_lists(simulated: Place) -> None:
    async with simulated.app().run_test(size=(80, 24)) as pilot:
        board = await live(pilot)
        await pilot.press("1", "g", "ctrl+d")
        half = (board.servers.size.height - 2) // 2
        assert board.servers._cursor == half > 1
        await pilot.press("ctrl+u")
        assert board.servers._cursor == 0


async def test_keys_of_dialogs_can_be_remapped(simulated: Place) -> None:
    keys = {"leave": "f9", "close": "f10", "copy_id": "f6", "filter": "f7", "down": "n"}
    async with simulated.app(keys=keys).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        await live(pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DetailsDialog))
        await pilot.press("escape", "q", "y")
        assert len(app.screen_stack) == 2
        assert not toasts(pilot)
        await pilot.press("f6", "f10")
        assert toasts(pilot) == ["id of billing sent to the terminal, for its clipboard"]
        assert len(app.screen_stack) == 1
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: isinstance(app.screen, OperationsDialog))
        await pilot.press("f7", "n")
        assert app.screen.query_one(Input).value == "n"
        await pilot.press("f9")
        assert isinstance(app.screen.focused, RowList)
        await pilot.press("f9")
        assert len(app.screen_stack) == 1


def test_what_the_footer_and_the_palette_show_can_be_pressed_there() -> None:
    assert all(
        command in DASHBOARD or "dialog" not in command.scopes
        for command in COMMANDS
        if command.footer
    )
