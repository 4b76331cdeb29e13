"""What is painted is what the app holds: every cell, at every size, in every state and dialog."""

from __future__ import annotations

import os
import random
from itertools import product

import pytest
from rich.color import ColorSystem
from rich.style import Style
from textual.pilot import Pilot

from tests.helpers.driving import live
from tests.helpers.emulated import emulated, painted_right, resize
from tests.helpers.places import Place
from tests.helpers.states import STATES, Steps

MANY = bool(os.environ.get("CIPLUN_EVERY_SIZE"))
"""Set it for hundreds of sizes and long walks: minutes instead of seconds."""
SIZES = (
    [*product(range(60, 201, 10), range(15, 61, 3))] if MANY else [(60, 15), (80, 23), (200, 60)]
)
WALKS = 30 if MANY else 1
STEPS = 200 if MANY else 20
IN_A_DIALOG = ("tab", "down", "x")


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal with all colours, whatever the tests run on."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_painted_right_at_every_size(simulated: Place, state: Steps) -> None:
    async with emulated(simulated.app()).run_test(headless=False, size=(120, 40)) as pilot:
        await state(pilot)
        await painted_right(pilot, "at first")
        for columns, lines in SIZES:
            await resize(pilot, columns, lines)
            await painted_right(pilot, f"at {columns}x{lines}")
        for key in IN_A_DIALOG:
            await pilot.press(key)
            await painted_right(pilot, f"after {key} at {SIZES[-1]}")


@pytest.mark.parametrize("size", [(60, 15), (71, 18)], ids=str)
async def test_dialogs_that_come_and_go_leave_nothing(
    simulated: Place, size: tuple[int, int]
) -> None:
    keys = (
        "j j c tab tab escape 2 d escape 1 question_mark pagedown pagedown escape slash w escape "
    )
    keys += "a a exclamation_mark escape 2 D x escape R x tab escape plus escape colon escape g G "
    async with emulated(simulated.app()).run_test(headless=False, size=size) as pilot:
        await live(pilot)
        for number, key in enumerate(keys.split()):
            await pilot.press(key)
            await painted_right(pilot, f"after key {number}, {key}")


KEYS = "j k g G tab h l 1 2 c R D d escape slash space a s S r exclamation_mark question_mark"
KEYS += " down up pagedown pageup home end w x colon plus"
"""No enter: nothing is to be sent."""


async def walk(pilot: Pilot[None], seed: int) -> None:
    """Press keys and change the size as it comes; what was done is in the failure."""
    chance = random.Random(seed)
    done: list[str] = []
    for _ in range(STEPS):
        if chance.random() < 0.15:
            size = chance.randint(60, 200), chance.randint(15, 60)
            done.append("{}x{}".format(*size))
            await resize(pilot, *size)
        else:
            done.append(chance.choice(KEYS.split()))
            await pilot.press(done[-1])
        await painted_right(pilot, f"seed {seed}: {' '.join(done)}")


@pytest.mark.parametrize("seed", range(WALKS))
async def test_a_walk_of_keys_and_sizes_is_painted_right(simulated: Place, seed: int) -> None:
    async with emulated(simulated.app()).run_test(headless=False, size=(60, 15)) as pilot:
        await live(pilot)
        await walk(pilot, seed)
    assert simulated.sent() == []


@pytest.mark.parametrize("variant", ["ascii", "no colour", "light", "wide names"])
async def test_painted_right_on_poor_terminals(
    simulated: Place, monkeypatch: pytest.MonkeyPatch, variant: str
) -> None:
    if variant == "ascii":
        simulated.environ["LANG"] = "C"
    if variant == "no colour":
        monkeypatch.setenv("NO_COLOR", "1")
    if variant in ("ascii", "wide names"):
        for name, server in zip(
            ("größe-漢字-服务器", "👍🏽 e\u0301e\u0301", "ﷺ-אב-عربي", "k\u0336o\u0301"),
            simulated.world.servers.values(),
            strict=False,
        ):
            server.name = name
    app = simulated.app(theme="ciplun-light") if variant == "light" else simulated.app()
    async with emulated(app).run_test(headless=False, size=(80, 24)) as pilot:
        await live(pilot)
        await walk(pilot, 7)


def test_a_style_has_the_codes_of_each_kind_of_terminal() -> None:
    style = Style(bgcolor="#10141a")
    few = style.render("x", color_system=ColorSystem.STANDARD)
    assert "48;2;16;20;26" in style.render("x", color_system=ColorSystem.TRUECOLOR)
    assert few == style.render("x", color_system=ColorSystem.STANDARD)
