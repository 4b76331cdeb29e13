"""What the dashboard's writing keys do: guard, ask, send, tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from tui.commands import BY_ID
from tui.fleet.operation import Kind, Operation
from tui.fleet.plans import each, make_room
from tui.fleet.state import Fleet, ServerView
from tui.screens.ask import AskDialog
from tui.screens.board import Board
from tui.screens.confirm import ConfirmDialog, delete_warnings, describe, restore_warnings
from tui.screens.create import CreateDialog
from tui.screens.many import CreateSetDialog, DeleteSetDialog, Told
from tui.screens.operations import OperationsDialog
from tui.screens.room import MakeRoom, RoomDialog
from tui.vps.models import Account, Phase, Server, Snapshot

STALE = "the data is not live: nothing is destroyed on old knowledge"
WRITES = {"create": Kind.CREATE, "restore": Kind.RESTORE, "delete": Kind.DELETE}


def refusal(
    kind: Kind, fleet: Fleet, view: ServerView | None, snapshot: Snapshot | None
) -> str | None:
    """Why this cannot be asked for now, in one sentence; None where it can.

    Only what is known here: the provider, and what is read again on confirming, decide.
    """
    if view is None:
        return "no server is chosen"
    operation = fleet.operations.get(view.server.id)
    if operation is not None:
        what = f"{operation.kind.value} of {operation.snapshot_name}"
        return f"{what} is open on {view.server.name} ({operation.state.value})"
    if fleet.restoring(view.server.id):
        return f"{view.server.name} is being restored"
    if kind is Kind.CREATE:
        return None
    if not fleet.freshness.live:
        return STALE
    if snapshot is None or snapshot.server_id != view.server.id:
        return "no snapshot is chosen"
    if kind is Kind.RESTORE and snapshot.phase is not Phase.COMPLETED:
        return f"{snapshot.name} is {snapshot.status.replace('_', ' ')}, not completed"
    if kind is Kind.DELETE and snapshot.phase not in (Phase.COMPLETED, Phase.FAILED):
        return f"{snapshot.name} is {snapshot.status.replace('_', ' ')}"
    return None


def token_refusal(account: Account | None) -> str | None:
    """Why the token may not write, None where it may or where its permissions are not known."""
    if account is None or not account.permissions or account.may("servers:write"):
        return None
    if account.may("servers:read"):
        return "the token may only read: it needs servers:*"
    return "the token may not write: it needs servers:*"


class Writing(Board):
    """Create, restore, delete, lock."""

    def refusals(self) -> dict[str, str]:
        """Command ids that can't be used now, with the reason."""
        view, snapshot = self.chosen_view, self.chosen_snapshot
        locked = self._unwritable()
        found = {}
        for command, kind in WRITES.items():
            reason = locked or refusal(kind, self.fleet, view, snapshot)
            if reason:
                found[command] = reason
        return found

    def _unwritable(self) -> str | None:
        """Why nothing at all can be written now."""
        client = self.session.client
        if client is None:
            return "not connected yet"
        if reason := self.session.lock.reason() or token_refusal(self.fleet.account):
            return reason
        if client.forbidden is not None:
            return f"the provider refused the last write ({client.forbidden}); r lifts this"
        return None

    def _allowed(self, command: str) -> bool:
        reason = self.refusals().get(command)
        if reason:
            self.say(f"{BY_ID[command].label}: {reason}", bad=True)
        return reason is None

    def _perform(
        self, send: Callable[[], Coroutine[Any, Any, Operation]]
    ) -> asyncio.Task[Operation]:
        """Start a write that goes on whatever becomes of the dialog."""
        return self.session.perform(send())

    def action_create(self) -> None:
        """Ask for a name and create a snapshot of the chosen server, or of all marked ones."""
        marked = [v for v in self.fleet.servers.values() if v.server.id in self.servers.marks]
        if marked:
            self._create_set(marked)
            return
        view = self.chosen_view
        if not self._allowed("create") or view is None:
            return

        def create(name: str, description: str, unrecorded: bool) -> asyncio.Task[Operation]:
            operations = self.session.operations
            return self._perform(
                lambda: operations.create(view.server, name, description, unjournaled=unrecorded)
            )

        if view.full:
            self.app.push_screen(RoomDialog(view, self.now, self._room_maker(view)))
        else:
            self.app.push_screen(CreateDialog(view, self.now, create))

    def _room_maker(self, view: ServerView) -> MakeRoom:
        def start(target: Snapshot, name: str, description: str) -> asyncio.Task[Operation]:
            operations = self.session.operations
            return self._perform(
                lambda: make_room(operations, target, view.server, name, description)
            )

        return start

    def _create_set(self, views: Sequence[ServerView]) -> None:
        if reason := self._unwritable():
            self.say(reason, bad=True)
            return

        def send(name: str, told: Told) -> asyncio.Task[None]:
            operations = self.session.operations
            return self.session.perform(
                each(
                    [v.server for v in views if not v.full and not v.busy],
                    lambda server: server.id,
                    lambda server: operations.create(server, name),
                    lambda server, result: told(server.id, result),
                )
            )

        self.servers.clear_marks()
        self.app.push_screen(CreateSetDialog(views, self.now, send))

    def _delete_set(self, snapshots: Sequence[Snapshot]) -> None:
        reason = self._unwritable()
        if not reason and not self.fleet.freshness.live:
            reason = STALE
        if reason:
            self.say(reason, bad=True)
            return

        def send(_: str, told: Told) -> asyncio.Task[None]:
            operations = self.session.operations
            return self.session.perform(
                each(
                    snapshots,
                    lambda snapshot: snapshot.server_id,
                    operations.delete,
                    lambda snapshot, result: told(snapshot.id, result),
                )
            )

        self.table.clear_marks()
        self.app.push_screen(DeleteSetDialog(snapshots, send))

    def action_restore(self) -> None:
        """Ask for the server's name and restore the chosen snapshot."""
        view, target = self.chosen_view, self.chosen_snapshot
        if not self._allowed("restore") or view is None or target is None:
            return
        operations = self.session.operations
        self.app.push_screen(
            ConfirmDialog(
                f"Restore {view.server.name}",
                verb="Restore",
                target=describe(target, self.now),
                warnings=restore_warnings(target, view, self.now),
                expected=view.server.name,
                what="the server's name",
                send=lambda unrecorded: self._perform(
                    lambda: operations.restore(target, unjournaled=unrecorded)
                ),
            )
        )

    def action_delete(self) -> None:
        """Ask for the snapshot's name and delete it, or all marked ones."""
        marks = self.table.marks
        found = [s for v in self.fleet.servers.values() for s in v.snapshots if s.id in marks]
        if found:
            self._delete_set(found)
            return
        view, target = self.chosen_view, self.chosen_snapshot
        if not self._allowed("delete") or view is None or target is None:
            return
        operations = self.session.operations
        self.app.push_screen(
            ConfirmDialog(
                f"Delete {target.name}",
                verb="Delete",
                target=describe(target, self.now),
                warnings=delete_warnings(target, view, self.now),
                expected=target.name,
                what="the snapshot's name",
                send=lambda unrecorded: self._perform(
                    lambda: operations.delete(target, unjournaled=unrecorded)
                ),
            )
        )

    def action_lock(self) -> None:
        """Lock writing, or unlock it for the set time."""
        lock = self.session.lock
        if lock.read_only:
            self.say(lock.reason() or "", bad=True)
            return
        lock.toggle()
        self.say("writing is locked" if lock.locked else "writing is unlocked")
        self.show_bars()

    def action_operations(self) -> None:
        """Show what is running and what became of the rest."""
        if self.session.connected:
            self.app.push_screen(OperationsDialog(self.session, self.glyphs))

    def action_add_server(self) -> None:
        """Ask for the id of a server that no list names."""

        def add(text: str | None) -> None:
            if text:
                key = int(text) if text.isdecimal() else text
                self.session.store.apply_server(Server(id=key, name=text))
                self.servers.move_to(key)
                self.session.poller.refresh(key)

        words = "The id of a server, as the provider's panel shows it."
        self.app.push_screen(AskDialog("Add a server", words, placeholder="12345"), add)
