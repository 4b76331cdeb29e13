"""The dialogs that ask for one write, put together with what sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.fleet.operation import Kind, Operation
from tui.fleet.state import ServerView
from tui.fleet.writes.rules import Reason, refusal
from tui.screens.dashboard.board import Board
from tui.vps.models import Snapshot

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

    from tui.fleet.writes.operations import Operations
    from tui.fleet.writes.plans import Safety


class Asking(Board):
    """Opens the dialog of one write; what it sends goes on whatever becomes of the dialog.

    Dialogs are imported when they are opened.
    """

    def _perform(self, send: Coroutine[Any, Any, Operation]) -> asyncio.Task[Operation]:
        return self.session.perform(send)

    def ask_create(self, view: ServerView, name: str = "", description: str = "") -> None:
        """Ask for a name, and at five of five for what goes."""
        from tui.fleet.writes.plans import make_room
        from tui.screens.dialogs.create import CreateDialog
        from tui.screens.dialogs.make_room import RoomDialog

        live, server = self.session.live, view.server
        if live is None:
            return
        operations = live.operations

        def create(name: str, description: str, unrecorded: bool) -> asyncio.Task[Operation]:
            return self._perform(
                operations.create(server, name, description, unjournaled=unrecorded)
            )

        def room(target: Snapshot, name: str, unrecorded: bool) -> asyncio.Task[Operation]:
            return self._perform(
                make_room(operations, target, server, name, unjournaled=unrecorded)
            )

        if view.full:
            protected = self.fleet.protected
            self.app.push_screen(RoomDialog(view, self.now, protected, room, name=name))
        else:
            self.app.push_screen(
                CreateDialog(view, self.now, create, name=name, description=description)
            )

    def ask_restore(self, view: ServerView, target: Snapshot) -> None:
        """Ask for the server's name, and whether to snapshot it first."""
        from tui.screens.dialogs.restore import RestoreDialog

        live = self.session.live
        if live is None:
            return
        operations = live.operations

        def send(first: Safety | None, unrecorded: bool) -> asyncio.Task[Operation]:
            if first is None:
                return self._perform(operations.restore(target, unjournaled=unrecorded))
            return self._perform(self._restore_safely(operations, view, target, first, unrecorded))

        self.app.push_screen(RestoreDialog(view, target, self.now, self.fleet.protected, send))

    async def _restore_safely(
        self,
        operations: Operations,
        view: ServerView,
        target: Snapshot,
        first: Safety,
        unrecorded: bool,
    ) -> Operation:
        """Begin, and leave the rest to the session: it takes minutes."""
        from tui.fleet.writes.plans import begin_safety_restore, finish_safety_restore

        created, waiting = await begin_safety_restore(
            operations, target, view.server, first, unjournaled=unrecorded
        )
        self.session.follow(finish_safety_restore(operations, target, created, waiting))
        return created

    def ask_delete(self, view: ServerView, target: Snapshot) -> None:
        """Ask for the snapshot's name."""
        from tui.screens.dialogs.confirm import ConfirmDialog, delete_warnings, describe

        live = self.session.live
        if live is None:
            return
        operations = live.operations
        self.app.push_screen(
            ConfirmDialog(
                f"Delete {target.name}",
                verb="Delete",
                target=describe(target, self.now),
                warnings=delete_warnings(target, view, self.now),
                expected=target.name,
                what="the snapshot's name",
                send=lambda unrecorded: self._perform(
                    operations.delete(target, unjournaled=unrecorded)
                ),
            )
        )

    def ask_again(self, operation: Operation | None) -> None:
        """Ask for what was not carried out as if for the first time; nothing is sent by this."""
        if operation is None:
            return
        view = self.fleet.servers.get(operation.server_id)
        target = None
        if operation.snapshot_id is not None:
            target = self.fleet.snapshot(operation.server_id, operation.snapshot_id)
        reason = self.unwritable() or refusal(operation.kind, self.fleet, view, target)
        if reason:
            self.say(f"{operation.title}: {self.spoken(reason)}", bad=True)
        elif view is not None and operation.kind is Kind.CREATE:
            self.ask_create(view, operation.snapshot_name, operation.description)
        elif view is not None and target is not None:
            ask = self.ask_restore if operation.kind is Kind.RESTORE else self.ask_delete
            ask(view, target)

    def unwritable(self) -> Reason | None:
        """Why nothing at all can be written now."""
        raise NotImplementedError

    def spoken(self, reason: Reason) -> str:
        """A reason, and the key that may lift it."""
        raise NotImplementedError
