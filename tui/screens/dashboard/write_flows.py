"""What the dashboard's writing keys do: guard, ask, send, tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.commands import BY_ID
from tui.fleet.state import ServerView
from tui.fleet.writes.rules import NOT_CONNECTED, STALE, WRITES, Reason, refusal, unwritable
from tui.screens.dashboard.asking import Asking
from tui.vps.models import Server, Snapshot

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from tui.fleet.writes.operations import Operations
    from tui.screens.dialogs.bulk import Told

_REMEDIES = {"lock": "unlocks it", "refresh": "asks again"}
"""What the key of a command does about a refusal."""


class Writing(Asking):
    """Create, restore, delete, lock. Dialogs are imported when they are opened."""

    def refusals(self) -> dict[str, str]:
        """Command ids that can't be used now, with the reason."""
        view, snapshot = self.chosen_view, self.chosen_snapshot
        locked = self.unwritable()
        found = {}
        for command, kind in WRITES.items():
            reason = locked or refusal(kind, self.fleet, view, snapshot)
            if reason:
                found[command] = self.spoken(reason)
        return found

    def unwritable(self) -> Reason | None:
        """Why nothing at all can be written now."""
        live = self.session.live
        forbidden = None if live is None else live.client.forbidden
        return unwritable(
            self.session.lock, self.fleet.account, forbidden, connected=live is not None
        )

    def spoken(self, reason: Reason) -> str:
        """A reason, and the key that may lift it."""
        if reason.remedy not in _REMEDIES:
            return reason.text
        key = BY_ID[reason.remedy].shown_keys(self.keymap)[0]
        return f"{reason.text}; {key} {_REMEDIES[reason.remedy]}"

    def _allowed(self, command: str) -> bool:
        reason = self.refusals().get(command)
        if reason:
            self.say(f"{BY_ID[command].label}: {reason}", bad=True)
        return reason is None

    def action_create(self) -> None:
        """Ask for a name and create a snapshot of the chosen server, or of all marked ones."""
        marked = [v for v in self.fleet.servers.values() if v.server.id in self.servers.marks]
        if marked:
            self._create_set(marked)
            return
        view = self.chosen_view
        if not self._allowed("create") or view is None:
            return
        self.ask_create(view)

    def _create_set(self, views: Sequence[ServerView]) -> None:
        live, reason = self.session.live, self.unwritable()
        if live is None or reason:
            self.say(self.spoken(reason or NOT_CONNECTED), bad=True)
            return
        from tui.fleet.writes.plans import each
        from tui.screens.dialogs.bulk import CreateSetDialog

        def send(name: str, told: Told) -> asyncio.Task[None]:
            self.servers.clear_marks()
            operations = live.operations
            return self.session.perform(
                each(
                    [v.server for v in views if not v.full and not v.busy],
                    lambda server: server.id,
                    lambda server: operations.create(server, name),
                    lambda server, result: told(server.id, result),
                )
            )

        self.app.push_screen(CreateSetDialog(views, self.now, send))

    def _delete_set(self, snapshots: Sequence[Snapshot]) -> None:
        live, reason = self.session.live, self.unwritable()
        if not reason and not self.fleet.freshness.live:
            reason = STALE
        if live is None or reason:
            self.say(self.spoken(reason or NOT_CONNECTED), bad=True)
            return
        from tui.fleet.writes.plans import each
        from tui.screens.dialogs.bulk import DeleteSetDialog

        protected = [s for s in snapshots if s.id in self.fleet.protected]
        unprotected = [s for s in snapshots if s.id not in self.fleet.protected]

        def send(_: str, told: Told) -> asyncio.Task[None]:
            self.table.clear_marks()
            operations = live.operations
            return self.session.perform(
                each(
                    unprotected,
                    lambda snapshot: snapshot.server_id,
                    operations.delete,
                    lambda snapshot, result: told(snapshot.id, result),
                )
            )

        self.app.push_screen(DeleteSetDialog(unprotected, protected, send))

    def action_restore(self) -> None:
        """Ask for the server's name and restore the chosen snapshot."""
        view, target = self.chosen_view, self.chosen_snapshot
        if not self._allowed("restore") or view is None or target is None:
            return
        self.ask_restore(view, target)

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
        self.ask_delete(view, target)

    def action_protect(self) -> None:
        """Protect the chosen snapshot from deletes by Ciplun, or no longer."""
        target, live = self.chosen_snapshot, self.session.live
        if target is None or live is None:
            self.say(NOT_CONNECTED.text if live is None else "no snapshot is chosen", bad=True)
            return
        on = target.id not in self.fleet.protected
        self.session.perform(self._protect(live.operations, target, on=on))

    async def _protect(self, operations: Operations, target: Snapshot, *, on: bool) -> None:
        from tui.fleet.journal.journal import JournalUnavailable

        try:
            await operations.protect(target, on=on)
        except JournalUnavailable as error:
            self.say(str(error), bad=True)
            return
        if on:
            self.say(f"{target.name} is protected here: Ciplun does not delete it, others can")
        else:
            self.say(f"{target.name} is no longer protected")

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
        live = self.session.live
        if live is None:
            self.say(NOT_CONNECTED.text, bad=True)
            return
        from tui.screens.dialogs.operations import OperationsDialog

        dialog = OperationsDialog(self.session, live.operations, self.glyphs)
        self.app.push_screen(dialog, self.ask_again)

    def action_add_server(self) -> None:
        """Ask for the id of a server that no list names."""
        live = self.session.live
        if live is None:
            self.say(NOT_CONNECTED.text, bad=True)
            return
        from tui.screens.dialogs.prompt import AskDialog

        def add(text: str | None) -> None:
            if text:
                key = int(text) if text.isdecimal() else text
                self.session.store.apply_server(Server(id=key, name=text))
                self.show_fleet()
                self.servers.move_to(key)
                live.poller.refresh(key)

        words = "The id of a server, as the provider's panel shows it."
        self.app.push_screen(AskDialog("Add a server", words, placeholder="12345"), add)
