"""Driving the app: conditions instead of pauses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import FunctionType

from textual.pilot import Pilot
from textual.widgets import Static

from tests.helpers.clocks import FakeClock
from tests.helpers.last_requests import last_requests
from tests.helpers.places import Place
from tui.screens.dashboard.screen import Dashboard
from tui.screens.dialogs.write import QUIET
from tui.session.connection import Connection
from tui.session.session import Session


async def until(pilot: Pilot[None], condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until `condition` holds; fail after real `seconds`, with what was seen last."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(never(pilot, condition))
        await pilot.pause()
        await asyncio.sleep(0.005)
    await pilot.pause()


def never(pilot: Pilot[None], condition: Callable[[], object]) -> str:
    """What is to be known of a wait that ran out."""
    code = condition.__code__ if isinstance(condition, FunctionType) else None
    where = f"{code.co_filename}:{code.co_firstlineno}" if code else repr(condition)
    said = [f"toast: {message}" for message in toasts(pilot)]
    return "\n".join([f"it never held: {where}", shown(pilot), *said, last_requests()])


def session(pilot: Pilot[None]) -> Session:
    found = pilot.app.session  # type: ignore[attr-defined]
    assert isinstance(found, Session)
    return found


def connection(pilot: Pilot[None]) -> Connection:
    live = session(pilot).live
    assert live is not None
    return live


def dashboard(pilot: Pilot[None]) -> Dashboard:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, Dashboard))


async def live(pilot: Pilot[None]) -> Dashboard:
    """Wait for the first data."""
    await until(pilot, lambda: any(isinstance(s, Dashboard) for s in pilot.app.screen_stack))
    board = dashboard(pilot)
    await until(pilot, lambda: board.session.store.fleet.freshness.live)
    await until(pilot, lambda: board.servers.row_count or board.servers.empty != "")
    return board


async def at_rest(pilot: Pilot[None]) -> None:
    """Wait until no poll is on its way: what was to be asked for by now has been."""
    await pilot.pause()
    flight = connection(pilot).poller._flight
    await until(pilot, lambda: flight is None or flight.done())


async def polls(
    pilot: Pilot[None], place: Place, condition: Callable[[], object], step: float = 2.0
) -> None:
    """Let time pass, `step` seconds at once, and poll follow on poll, until `condition` holds.

    One jump is not enough: a poll on its way may have been answered before it.
    """
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(never(pilot, condition))
        await place.pass_time(step)
        await pilot.pause(0.02)
    await pilot.pause()


async def choose(pilot: Pilot[None], server: str, snapshot: str | None = None) -> Dashboard:
    """Put the cursors on a server and one of its snapshots."""
    board = dashboard(pilot)
    await pilot.press("1")
    assert board.servers.move_to(
        next(v.server.id for v in board.servers._rows if v.server.name == server)
    )
    await pilot.pause()
    if snapshot is not None:
        await pilot.press("2")
        assert board.table.move_to(next(s.id for s in board.table._rows if s.name == snapshot))
        await pilot.pause()
    return board


async def mark(pilot: Pilot[None], *servers: str) -> None:
    """Put the cursor on each of these servers and mark it."""
    for name in servers:
        await choose(pilot, name)
        await pilot.press("space")


async def type_text(pilot: Pilot[None], text: str) -> None:
    names = {"-": "minus", "_": "underscore", " ": "space", ".": "full_stop"}
    await pilot.press(*(names.get(char, char) for char in text))


async def quiet(pilot: Pilot[None]) -> None:
    """Let the second pass in which a button that destroys takes no press."""
    clock = session(pilot).clock
    seconds = 2 * QUIET  # what a key has waited on a busy machine is taken off
    await (clock.advance(seconds) if isinstance(clock, FakeClock) else clock.sleep(seconds))
    await pilot.pause()


async def fire(pilot: Pilot[None]) -> None:
    """Press the button that has the focus, a second after all else."""
    await quiet(pilot)
    await pilot.press("enter")


def answer(pilot: Pilot[None]) -> str:
    """What the open dialog says above its button."""
    return str(pilot.app.screen.query_one("#answer", Static).content)


def toasts(pilot: Pilot[None]) -> list[str]:
    return [notification.message for notification in pilot.app._notifications]


def told(pilot: Pilot[None]) -> list[str]:
    """What is said anywhere: in toasts, and of what runs or has ended."""
    tray = [entry.plain for entry in dashboard(pilot).tray.entries]
    return [*toasts(pilot), *tray]


def shown(pilot: Pilot[None]) -> str:
    """What stands on the screen, as the compositor has it."""
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())
