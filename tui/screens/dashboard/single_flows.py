"""One create, restore or delete: its dialog, and what that sends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.fleet.state import ServerView
from tui.screens.dashboard.write_flows import WriteFlows
from tui.screens.dialogs.write import SendingDialog, Sent
from tui.session.connection import Connection
from tui.vps.models import Server, Snapshot
from tui.widgets.panes import Panes

if TYPE_CHECKING:
    from tui.fleet.writes.drafts import Safety


class SingleFlows:
    """Opens the dialog of one write; what may be written was asked before."""

    def __init__(self, flows: WriteFlows, panes: Panes) -> None:
        self._flows = flows
        self._panes = panes

    def create(
        self,
        live: Connection,
        view: ServerView,
        name: str = "",
        description: str = "",
        note: str = "",
    ) -> None:
        """Ask for a name, and at five of five for what goes."""
        from tui.fleet.writes.drafts import room_plan
        from tui.screens.dialogs.create import CreateDialog
        from tui.screens.dialogs.make_room import RoomDialog

        panes, server, operations = self._panes, view.server, live.operations

        def create(name: str, description: str, unrecorded: bool) -> asyncio.Task[Sent]:
            return self._panes.session.perform(
                operations.create(server, name, description, unjournaled=unrecorded)
            )

        def create_stopped(name: str, description: str) -> asyncio.Task[Sent]:
            return panes.session.perform(self._create_stopped(live, server, name, description))

        def room(
            target: Snapshot, name: str, description: str, unrecorded: bool
        ) -> asyncio.Task[Sent]:
            draft = room_plan(target, server, name, description)
            return self._flows.begin(live, draft, unrecorded=unrecorded)

        now, clock = panes.session.now, panes.session.clock
        if view.full:
            protected = panes.fleet.protected
            dialog: SendingDialog = RoomDialog(
                view, now, clock, protected, room, name=name, description=description
            )
        else:
            dialog = CreateDialog(
                view,
                now,
                clock,
                create,
                create_stopped,
                unstoppable=live.restarts.power.problem(server),
                name=name,
                description=description,
            )
        self._flows.open(dialog, note)

    async def _create_stopped(
        self, live: Connection, server: Server, name: str, description: str
    ) -> Sent:
        """Ask a server to stop; its snapshot and its start follow by themselves."""
        note = await live.restarts.power.stopping.begin(server)
        if note is None:
            return await live.operations.create(server, name, description)
        self._panes.session.perform(
            live.restarts.snapshot(note, name, description, self._flows.ask_unstopped)
        )
        return note

    def restore(self, live: Connection, view: ServerView, target: Snapshot, note: str = "") -> None:
        """Ask for the server's name, and whether to snapshot it first."""
        from tui.fleet.writes.drafts import safety_plan
        from tui.screens.dialogs.restore import RestoreDialog

        def send(first: Safety | None, unrecorded: bool) -> asyncio.Task[Sent]:
            if first is None:
                return self._panes.session.perform(
                    live.operations.restore(target, unjournaled=unrecorded)
                )
            draft = safety_plan(target, view.server, first)
            return self._flows.begin(live, draft, unrecorded=unrecorded)

        session, protected = self._panes.session, self._panes.fleet.protected
        local = self._panes.local_time
        dialog = RestoreDialog(
            view, target, session.now, session.clock, protected, send, local=local
        )
        self._flows.open(dialog, note)

    def delete(self, live: Connection, view: ServerView, target: Snapshot, note: str = "") -> None:
        """Ask for the snapshot's name."""
        from tui.screens.dialogs.confirm import ConfirmDialog, delete_warnings, describe

        now = self._panes.session.now
        self._flows.open(
            ConfirmDialog(
                f"Delete {target.name}",
                self._panes.session.clock,
                verb="Delete",
                target=describe(target, now, local=self._panes.local_time),
                warnings=delete_warnings(target, view, now),
                expected=target.name,
                what="the snapshot's name",
                send=lambda unrecorded: self._panes.session.perform(
                    live.operations.delete(target, unjournaled=unrecorded)
                ),
            ),
            note,
        )
