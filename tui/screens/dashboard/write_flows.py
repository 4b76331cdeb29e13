"""What the dashboard's writing keys do: guard, ask, send, tell."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from tui.commands import keys_of
from tui.fleet.operation import DENIED, Certainty, Kind, Operation
from tui.fleet.plan import Plan
from tui.fleet.writes.rules import NOT_CONNECTED, WRITES, Reason, refusal, unwritable
from tui.vps.models import Snapshot
from tui.widgets.panes import Panes

if TYPE_CHECKING:
    from tui.fleet.power import Answer
    from tui.fleet.writes.plan_run import Told
    from tui.screens.dashboard.set_flows import SetFlows
    from tui.screens.dashboard.single_flows import SingleFlows
    from tui.screens.dialogs.operations import Asked
    from tui.screens.dialogs.write import SendingDialog
    from tui.session.connection import Connection

_REMEDIES = {
    "lock": "unlocks it",
    "refresh": "asks again",
    "operations": "shows it, and can end the wait",
}
"""What the key of a command does about a refusal."""


class WriteFlows:
    """Asks for one write; what is sent goes on whatever the dialog does.

    Dialogs are imported when they are opened.
    """

    def __init__(self, panes: Panes) -> None:
        self._panes = panes

    # -- what may be written ------------------------------------------------------------

    def refusals(self) -> dict[str, str]:
        """Command ids that can't be used now, with the reason."""
        panes, fleet = self._panes, self._panes.fleet
        view, snapshot, locked = panes.view, panes.snapshot, self.unwritable()
        found = {
            command: locked or refusal(kind, fleet, view, snapshot)
            for command, kind in WRITES.items()
        }
        return {command: self.spoken(reason) for command, reason in found.items() if reason}

    def unwritable(self) -> Reason | None:
        """Why nothing at all can be written now."""
        session = self._panes.session
        live, account = session.live, session.store.fleet.account
        forbidden = None if live is None else live.client.forbidden
        return unwritable(session.lock, account, forbidden, connected=live is not None)

    def spoken(self, reason: Reason) -> str:
        """A reason, and the key that may lift it."""
        if reason.remedy not in _REMEDIES:
            return reason.text
        key = keys_of(self._panes).shown(reason.remedy)
        return f"{reason.text}; {key} {_REMEDIES[reason.remedy]}"

    def _say(self, text: str, *, bad: bool = False) -> None:
        severity: Literal["warning", "information"] = "warning" if bad else "information"
        self._panes.app.notify(text, severity=severity, markup=False)

    def live(self, what: str = "", reason: Reason | None = None) -> Connection | None:
        """What sends a write; None where the reason against it has been said."""
        live = self._panes.session.live
        if live is None:
            reason = NOT_CONNECTED
        if live is None or reason is not None:
            words = self.spoken(reason or NOT_CONNECTED)
            self._say(f"{what}: {words}" if what else words, bad=True)
            return None
        return live

    def _for_chosen(self, command: str) -> Connection | None:
        """What sends a command about the chosen row, if it may be used."""
        panes = self._panes
        reason = self.unwritable() or refusal(
            WRITES[command], panes.fleet, panes.view, panes.snapshot
        )
        return self.live(f"Cannot {command}", reason)

    # -- what keys do -----------------------------------------------------------------

    def create(self) -> None:
        """Ask for a name and create a snapshot of the chosen server, or of all marked ones."""
        if self._panes.marked_servers:
            self._sets.create()
            return
        live, view = self._for_chosen("create"), self._panes.view
        if live is not None and view is not None:
            self._single.create(live, view)

    def restore(self) -> None:
        """Ask for the server's name and restore the chosen snapshot."""
        live = self._for_chosen("restore")
        view, target = self._panes.view, self._panes.snapshot
        if live is not None and view is not None and target is not None:
            self._single.restore(live, view, target, self._elsewhere(target))

    def delete(self) -> None:
        """Ask for the snapshot's name and delete it, or all marked ones."""
        if self._panes.marked_snapshots:
            self._sets.delete()
            return
        live = self._for_chosen("delete")
        view, target = self._panes.view, self._panes.snapshot
        if live is not None and view is not None and target is not None:
            self._single.delete(live, view, target, self._elsewhere(target))

    @property
    def _single(self) -> SingleFlows:
        from tui.screens.dashboard.single_flows import SingleFlows

        return SingleFlows(self, self._panes)

    @property
    def _sets(self) -> SetFlows:
        from tui.screens.dashboard.set_flows import SetFlows

        return SetFlows(self, self._panes)

    def _elsewhere(self, target: Snapshot) -> str:
        """Say so where the snapshot was chosen in a pane that keys do not act on."""
        if self._panes.active is self._panes.table:
            return ""
        return f"{target.name} is the snapshot chosen in the other pane."

    def retention(self) -> None:
        """Show what a policy would keep and delete."""
        self._sets.retention()

    def protect(self) -> None:
        """Protect the chosen snapshot from deletes by ciplun, or no longer."""
        target = self._panes.snapshot
        nothing = Reason("no snapshot is chosen") if target is None else None
        live = self.live("", nothing)
        if live is not None and target is not None:
            on = target.id not in self._panes.fleet.protected
            self._panes.session.perform(self._protect(live, target, on=on))

    async def _protect(self, live: Connection, target: Snapshot, *, on: bool) -> None:
        from tui.fleet.journal.journal import JournalUnavailable

        try:
            await live.operations.protect(target, on=on)
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
        live, panes = self.live(), self._panes
        if live is not None:
            from tui.screens.dialogs.operations import OperationsDialog

            dialog = OperationsDialog(
                panes.session, live, panes.servers.glyphs, local=panes.local_time
            )
            panes.app.push_screen(dialog, self._ask_about)

    # -- what is asked for --------------------------------------------------------------------

    def begin(
        self,
        live: Connection,
        draft: Plan,
        told: Told = lambda plan, step: None,
        *,
        unrecorded: bool = False,
    ) -> asyncio.Task[Plan]:
        """Have a plan on disk, and carry it out; the task ends once it goes on by itself."""
        session = self._panes.session

        async def start() -> Plan:
            plan = await live.plans.start(draft, unjournaled=unrecorded)
            return await session.begin(live, plan, told, self.ask_unstopped)

        return session.perform(start())

    async def ask_unstopped(self, question: str) -> Answer:
        """Ask what to do with a server that does not stop for its snapshot."""
        from tui.screens.dialogs.unstopped import ask_unstopped

        panes = self._panes
        self._say(question, bad=True)
        return await ask_unstopped(panes.app, panes.screen, panes.session.clock, question)

    def open(self, dialog: SendingDialog, note: str) -> None:
        """Show a dialog, with what should be known before all else."""
        dialog.note = note
        self._panes.app.push_screen(dialog)

    def _ask_about(self, asked: Asked | None) -> None:
        """Ask for what was chosen in the list of operations; nothing is sent by this."""
        if asked is None:
            return
        if isinstance(asked.about, Operation):
            self._ask_again(asked.about)
        elif asked.what == "go on":
            self._sets.go_on(asked.about)
        else:
            self._sets.delete_made(asked.about)

    def _ask_again(self, operation: Operation) -> None:
        """Ask for what was not carried out as if for the first time."""
        fleet = self._panes.fleet
        view = fleet.servers.get(operation.server_id)
        target = None
        if operation.snapshot_id is not None:
            target = fleet.snapshot(operation.server_id, operation.snapshot_id)
        reason = self.unwritable() or refusal(operation.kind, fleet, view, target)
        live = self.live(f"Cannot {operation.kind.value}", reason)
        if live is None or view is None:
            return
        note = ""
        if operation.state in DENIED and operation.certainty is not Certainty.PROVED:
            note = f"The first {operation.title} may still come: then it is carried out twice."
        if operation.kind is Kind.CREATE:
            name, description = operation.snapshot_name, operation.description
            self._single.create(live, view, name, description, note)
        elif target is not None:
            single = self._single
            ask = single.restore if operation.kind is Kind.RESTORE else single.delete
            ask(live, view, target, note)
