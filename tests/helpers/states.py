"""Every state and dialog of the dashboard, and the keys that lead there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tests.helpers.driving import (
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
from tui.fleet.operation import State

Steps = Callable[[Pilot[None]], Awaitable[None]]


async def dashboard(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "web-server-01", "before-update")


async def servers_pane(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "db-02-replica")


async def empty_server(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "web-server-02")


async def everything(pilot: Pilot[None]) -> None:
    await dashboard(pilot)
    await pilot.press("a")


async def filtering(pilot: Pilot[None]) -> None:
    await live(pilot)
    await pilot.press("slash")
    await type_text(pilot, "web")


async def marked(pilot: Pilot[None]) -> None:
    await live(pilot)
    await pilot.press("1", "g", "space", "space", "j", "space")


async def create(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "mail")
    await pilot.press("c")


async def create_bad_name(pilot: Pilot[None]) -> None:
    await create(pilot)
    await type_text(pilot, " v2")


async def create_full(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "db-01")
    await pilot.press("c")


async def create_set(pilot: Pilot[None]) -> None:
    await live(pilot)
    await mark(pilot, "mail", "db-01", "legacy-crm")
    await pilot.press("c")


async def running_set(pilot: Pilot[None]) -> None:
    await create_set(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: "started" in str(pilot.app.screen.query_one("#answer").render()))


async def retention(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "db-01")
    await pilot.press("space", "K")
    await until(pilot, lambda: bool(pilot.app.screen.query("#policy")))
    pilot.app.screen.query_one("#policy", Input).value = "last=2 weekly=1 name=nightly-*"
    await pilot.press("enter")
    await until(pilot, lambda: "delete:" in shown(pilot))


async def delete_set(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "shop-production-eu-central-1", "release-2024-12")
    await pilot.press("space", "space", "D")


async def restore(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "db-01", "nightly-3")
    await pilot.press("R")


async def restore_armed(pilot: Pilot[None]) -> None:
    await restore(pilot)
    await type_text(pilot, "db-01")
    await pilot.press("enter")


async def restoring(pilot: Pilot[None]) -> None:
    await restore_armed(pilot)
    await fire(pilot)
    await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
    await until(
        pilot, lambda: [o.state for o in connection(pilot).operations.running()] == [State.ACCEPTED]
    )
    await until(
        pilot, lambda: session(pilot).store.fleet.servers[12347].server.status == "restoring"
    )
    pilot.app.clear_notifications()


async def delete(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "mail", "before-rspamd")
    await pilot.press("D")


async def details(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "mail", "before-rspamd")
    await pilot.press("d")


async def server_details(pilot: Pilot[None]) -> None:
    await live(pilot)
    await choose(pilot, "db-02-replica")
    await pilot.press("d")
    await until(pilot, lambda: "Backup" in str(pilot.app.screen.query_one("#facts").render()))


async def help_page(pilot: Pilot[None]) -> None:
    await live(pilot)
    await pilot.press("question_mark")


async def operations(pilot: Pilot[None]) -> None:
    await restoring(pilot)
    await pilot.press("exclamation_mark")
    await until(pilot, lambda: "accepted" in str(pilot.app.screen.query_one("#timeline").render()))


async def add_server(pilot: Pilot[None]) -> None:
    await live(pilot)
    await pilot.press("plus")


async def palette(pilot: Pilot[None]) -> None:
    await live(pilot)
    await pilot.press("colon")
    await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
    await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count > 20)


async def problems(pilot: Pilot[None]) -> None:
    await live(pilot)
    await pilot.press("f", "n")


async def monitor(pilot: Pilot[None]) -> None:
    await live(pilot)
    await pilot.press("m")


async def filtered_away(pilot: Pilot[None]) -> None:
    await live(pilot)
    await pilot.press("slash")
    await type_text(pilot, "nothing")
    await pilot.press("enter")


STATES = [
    dashboard,
    servers_pane,
    empty_server,
    everything,
    filtering,
    marked,
    create,
    create_bad_name,
    create_full,
    create_set,
    delete_set,
    restore,
    restore_armed,
    restoring,
    delete,
    details,
    server_details,
    help_page,
    operations,
    add_server,
    palette,
    filtered_away,
    problems,
    monitor,
]
