"""What the dashboard's writing keys do: guard, ask, send, tell."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tui.commands import BY_ID, keys_of
from tui.fleet.operation import DENIED, Certainty, Kind, Operation
from tui.fleet.state import ServerView
from tui.fleet.writes.rules import NOT_CONNECTED, STALE, WRITES, Reason, refusal, unwritable
from tui.vps.models import Server, Snapshot
from tui.widgets.panes import Panes

if TYPE_CHECKING:
    from tui.fleet.writes.drafts import Safety
    from tui.fleet.writes.operations import Operations
    from tui.screens.dialogs.bulk import Told
    from tui.screens.dialogs.write import SendingDialog

_REMEDIES = {"lock": "unlocks it", "refresh": "asks again"}
"""What the key of a command does about a refusal."""


class WriteFlows:
    """Asks for one write, or one for each mark; what is sent goes on whatever the dialog does.

    Dialogs are imported when they are opened.
    """

    def __init__(self, panes: Panes) -> None:
        self._panes = panes

    # -- what may be written ------------------------------------------------------------

    def refusals(self) -> dict[str, str]:
        """Command ids that can't be used now, with the reason."""
        panes, fleet = self._panes, self._panes.fleet
        view, snapshot, locked = panes.view, panes.snapshot, self._unwritable()
        found = {
            command: locked or refusal(kind, fleet, view, snapshot)
            for command, kind in WRITES.items()
        }
        return {command: self._spoken(reason) for command, reason in found.items() if reason}

    def _unwritable(self) -> Reason | None:
        """Why nothing at all can be written now."""
        session = self._panes.session
        live, account = session.live, session.store.fleet.account
        forbidden = None if live is None else live.client.forbidden
        return unwritable(session.lock, account, forbidden, connected=live is not None)

    def _spoken(self, reason: Reason) -> str:
        """A reason, and the key that may lift it."""
        if reason.remedy not in _REMEDIES:
            return reason.text
        key = keys_of(self._panes).shown(reason.remedy)
        return f"{reason.text}; {key} {_REMEDIES[reason.remedy]}"

    def _say(self, text: str, *, bad: bool = False) -> None:
        severity: Literal["warning", "information"] = "warning" if bad else "information"
        self._panes.app.notify(text, severity=severity, markup=False)

    def _operations(self, what: str = "", reason: Reason | None = None) -> Operations | None:
        """What sends a write; None where the reason against it has been said."""
        live = self._panes.session.live
        if live is None:
            reason = NOT_CONNECTED
        if live is None or reason is not None:
            words = self._spoken(reason or NOT_CONNECTED)
            self._say(f"{what}: {words}" if what else words, bad=True)
            return None
        return live.operations

    def _for_chosen(self, command: str) -> Operations | None:
        """What sends a command about the chosen row, if it may be used."""
        panes = self._panes
        reason = self._unwritable() or refusal(
            WRITES[command], panes.fleet, panes.view, panes.snapshot
        )
        return self._operations(BY_ID[command].label, reason)

    # -- what keys do -----------------------------------------------------------------

    def create(self) -> None:
        """Ask for a name and create a snapshot of the chosen server, or of all marked ones."""
        if marked := self._panes.marked_servers:
            self._create_set(marked)
            return
        operations, view = self._for_chosen("create"), self._panes.view
        if operations is not None and view is not None:
            self._ask_create(operations, view)

    def restore(self) -> None:
        """Ask for the server's name and restore the chosen snapshot."""
        operations = self._for_chosen("restore")
        view, target = self._panes.view, self._panes.snapshot
        if operations is not None and view is not None and target is not None:
            self._ask_restore(operations, view, target)

    def delete(self) -> None:
        """Ask for the snapshot's name and delete it, or all marked ones."""
        if marked := self._panes.marked_snapshots:
            self._delete_set(marked)
            return
        operations = self._for_chosen("delete")
        view, target = self._panes.view, self._panes.snapshot
        if operations is not None and view is not None and target is not None:
            self._ask_delete(operations, view, target)

    def protect(self) -> None:
        """Protect the chosen snapshot from deletes by ciplun, or no longer."""
        target = self._panes.snapshot
        nothing = Reason("no snapshot is chosen") if target is None else None
        operations = self._operations("", nothing)
        if operations is not None and target is not None:
            on = target.id not in self._panes.fleet.protected
            self._panes.session.perform(self._protect(operations, target, on=on))

    async def _protect(self, operations: Operations, target: Snapshot, *, on: bool) -> None:
        from tui.fleet.journal.journal import JournalUnavailable

        try:
            await operations.protect(target, on=on)
        except JournalUnavailable as error:
            self._say(str(error), bad=True)
            return
        if on:
            self._say(f"{target.name} is protected here: ciplun does not delete it, others can")
        else:
            self._say(f"{target.name} is no longer protected")

    def lock(self) -> None:
        """Lock writing, or unlock it for the set time."""
        lock = self._panes.session.lock
        if lock.read_only:
            self._say(lock.reason() or "", bad=True)
            return
        lock.toggle()
        self._say("writing is locked" if lock.locked else "writing is unlocked")

    def show_operations(self) -> None:
        """Show what is running and what became of the rest, and ask again for one of them."""
        operations, panes = self._operations(), self._panes
        if operations is not None:
            from tui.screens.dialogs.operations import OperationsDialog

            dialog = OperationsDialog(panes.session, operations, panes.servers.glyphs)
            panes.app.push_screen(dialog, self._ask_again)

    def add_server(self) -> None:
        """Ask for the id of a server that no list names."""
        panes, live = self._panes, self._panes.session.live
        if live is None:
            self._say(NOT_CONNECTED.text, bad=True)
            return
        from tui.screens.dialogs.prompt import AskDialog

        def add(text: str | None) -> None:
            if text:
                key = int(text) if text.isdecimal() else text
                panes.session.store.apply_server(Server(id=key, name=text))
                panes.lay_out()
                panes.servers.move_to(key)
                live.poller.refresh(key)

        words = "The id of a server, as the provider's panel shows it."
        panes.app.push_screen(AskDialog("Add a server", words, placeholder="12345"), add)

    # -- one write --------------------------------------------------------------------

    def _perform(self, send: Coroutine[Any, Any, Operation]) -> asyncio.Task[Operation]:
        return self._panes.session.perform(send)

    def _ask_create(
        self,
        operations: Operations,
        view: ServerView,
        name: str = "",
        description: str = "",
        note: str = "",
    ) -> None:
        """Ask for a name, and at five of five for what goes."""
        from tui.fleet.writes.unplanned import make_room
        from tui.screens.dialogs.create import CreateDialog
        from tui.screens.dialogs.make_room import RoomDialog

        panes, server = self._panes, view.server

        def create(name: str, description: str, unrecorded: bool) -> asyncio.Task[Operation]:
            return self._perform(
                operations.create(server, name, description, unjournaled=unrecorded)
            )

        def room(target: Snapshot, name: str, unrecorded: bool) -> asyncio.Task[Operation]:
            return self._perform(
                make_room(operations, target, server, name, unjournaled=unrecorded)
            )

        now, clock = panes.session.now, panes.session.clock
        if view.full:
            protected = panes.fleet.protected
            self._open(RoomDialog(view, now, clock, protected, room, name=name), note)
        else:
            dialog = CreateDialog(view, now, clock, create, name=name, description=description)
            self._open(dialog, note)

    def _open(self, dialog: SendingDialog, note: str) -> None:
        """Show a dialog, with what should be known before all else."""
        dialog.note = note
        self._panes.app.push_screen(dialog)

    def _ask_restore(
        self, operations: Operations, view: ServerView, target: Snapshot, note: str = ""
    ) -> None:
        """Ask for the server's name, and whether to snapshot it first."""
        from tui.screens.dialogs.restore import RestoreDialog

        def send(first: Safety | None, unrecorded: bool) -> asyncio.Task[Operation]:
            if first is None:
                return self._perform(operations.restore(target, unjournaled=unrecorded))
            return self._perform(safely(first, unrecorded))

        async def safely(first: Safety, unrecorded: bool) -> Operation:
            """Begin, and leave the rest to the session: it takes minutes."""
            from tui.fleet.writes.unplanned import begin_safety_restore, finish_safety_restore

            created, waiting = await begin_safety_restore(
                operations, target, view.server, first, unjournaled=unrecorded
            )
            session.follow(finish_safety_restore(operations, target, created, waiting))
            return created

        session, protected = self._panes.session, self._panes.fleet.protected
        dialog = RestoreDialog(view, target, session.now, session.clock, protected, send)
        self._open(dialog, note)

    def _ask_delete(
        self, operations: Operations, view: ServerView, target: Snapshot, note: str = ""
    ) -> None:
        """Ask for the snapshot's name."""
        from tui.screens.dialogs.confirm import ConfirmDialog, delete_warnings, describe

        now = self._panes.session.now
        self._open(
            ConfirmDialog(
                f"Delete {target.name}",
                self._panes.session.clock,
                verb="Delete",
                target=describe(target, now),
                warnings=delete_warnings(target, view, now),
                expected=target.name,
                what="the snapshot's name",
                send=lambda unrecorded: self._perform(
                    operations.delete(target, unjournaled=unrecorded)
                ),
            ),
            note,
        )

    def _ask_again(self, operation: Operation | None) -> None:
        """Ask for what was not carried out as if for the first time; nothing is sent by this."""
        if operation is None:
            return
        fleet = self._panes.fleet
        view = fleet.servers.get(operation.server_id)
        target = None
        if operation.snapshot_id is not None:
            target = fleet.snapshot(operation.server_id, operation.snapshot_id)
        reason = self._unwritable() or refusal(operation.kind, fleet, view, target)
        operations = self._operations(operation.title, reason)
        if operations is None or view is None:
            return
        note = ""
        if operation.state in DENIED and operation.certainty is not Certainty.PROVED:
            note = f"The first {operation.title} may still come: then it is carried out twice."
        if operation.kind is Kind.CREATE:
            name, description = operation.snapshot_name, operation.description
            self._ask_create(operations, view, name, description, note)
        elif target is not None:
            ask = self._ask_restore if operation.kind is Kind.RESTORE else self._ask_delete
            ask(operations, view, target, note)

    # -- one write for each mark -----------------------------------------------------------

    def _create_set(self, views: Sequence[ServerView]) -> None:
        operations, panes = self._operations("", self._unwritable()), self._panes
        if operations is None:
            return
        from tui.fleet.writes.unplanned import each
        from tui.screens.dialogs.bulk import CreateSetDialog

        def send(name: str, told: Told) -> asyncio.Task[None]:
            panes.servers.clear_marks()
            return panes.session.perform(
                each(
                    [v.server for v in views if not v.full and not v.busy],
                    lambda server: server.id,
                    lambda server: operations.create(server, name),
                    lambda server, result: told(server.id, result),
                )
            )

        panes.app.push_screen(CreateSetDialog(views, panes.session.now, panes.session.clock, send))

    def _delete_set(self, snapshots: Sequence[Snapshot]) -> None:
        panes, fleet = self._panes, self._panes.fleet
        stale = None if fleet.freshness.live else STALE
        operations = self._operations("", self._unwritable() or stale)
        if operations is None:
            return
        from tui.fleet.writes.unplanned import each
        from tui.screens.dialogs.bulk import DeleteSetDialog

        protected = [s for s in snapshots if s.id in fleet.protected]
        unprotected = [s for s in snapshots if s.id not in fleet.protected]

        def send(_: str, told: Told) -> asyncio.Task[None]:
            panes.table.clear_marks()
            return panes.session.perform(
                each(
                    unprotected,
                    lambda snapshot: snapshot.server_id,
                    operations.delete,
                    lambda snapshot, result: told(snapshot.id, result),
                )
            )

        panes.app.push_screen(DeleteSetDialog(unprotected, protected, panes.session.clock, send))
