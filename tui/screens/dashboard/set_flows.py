"""What writing keys do while rows are marked: one action on many, as one plan."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.fleet.operation import Kind
from tui.fleet.plan import Plan
from tui.fleet.retention import retain_in
from tui.fleet.state import Fleet, ServerView
from tui.fleet.writes.drafts import (
    create_plan,
    delete_plan,
    dispensable,
    made_by,
    retention_plan,
)
from tui.fleet.writes.plan_run import Told
from tui.fleet.writes.rules import STALE, refusal, target_refusal
from tui.screens.dashboard.write_flows import WriteFlows
from tui.screens.dialogs.create_set import CreateSetDialog
from tui.screens.dialogs.delete_set import DeleteSetDialog
from tui.text import plural
from tui.vps.models import Phase, Snapshot
from tui.widgets.panes import Panes

if TYPE_CHECKING:
    from tui.fleet.policies import Typed
    from tui.widgets.panes import Pane


class SetFlows:
    """Asks once for the same on many."""

    def __init__(self, flows: WriteFlows, panes: Panes) -> None:
        self._flows = flows
        self._panes = panes

    def create(self) -> None:
        """A snapshot of each marked server."""
        flows, panes, fleet = self._flows, self._panes, self._panes.fleet
        live, views = flows.live("", flows.unwritable()), panes.marked_servers
        if live is None:
            return
        refused = {v.server.id: refusal(Kind.CREATE, fleet, v, None) for v in views}
        busy = {key: reason.text for key, reason in refused.items() if reason}
        busy |= {v.server.id: "busy" for v in views if v.busy}
        goes = {
            v.server.id: found[0]
            for v in views
            if v.full and fleet.freshness.live and (found := dispensable(v, fleet.protected))
        }

        problem = live.restarts.power.problem
        unstoppable = {v.server.id: words for v in views if (words := problem(v.server))}

        def send(
            chosen: Sequence[ServerView], name: str, stop: bool, told: Told, unrecorded: bool
        ) -> asyncio.Task[Plan]:
            pairs = [(v.server, goes[v.server.id] if v.full else None) for v in chosen]
            panes.servers.clear_marks()
            draft = create_plan(pairs, name, stop=stop)
            return flows.begin(live, draft, told, unrecorded=unrecorded and not stop)

        session = panes.session
        dialog = CreateSetDialog(views, busy, goes, unstoppable, session.now, session.clock, send)
        flows.open(dialog, _hidden(panes.servers, len(views)))

    def delete(self) -> None:
        """All marked snapshots."""
        panes = self._panes
        marked = panes.marked_snapshots
        self.ask_delete(marked, plural(len(marked), "marked snapshot"), panes.table)

    def ask_delete(
        self, snapshots: Sequence[Snapshot], name: str, marked_in: Pane | None = None
    ) -> None:
        """Ask for a count and delete these; `name` says what they are."""
        flows, fleet = self._flows, self._panes.fleet
        stale = None if fleet.freshness.live else STALE
        live = flows.live("", flows.unwritable() or stale)
        if live is None:
            return
        reasons = {s.id: _reason(fleet, s) for s in snapshots}
        going = [s for s in snapshots if not reasons[s.id]]
        left_out = [(s, reasons[s.id]) for s in snapshots if reasons[s.id]]

        def send(told: Told, unrecorded: bool) -> asyncio.Task[Plan]:
            if marked_in is not None:
                marked_in.clear_marks()
            return flows.begin(live, delete_plan(going, name), told, unrecorded=unrecorded)

        session = self._panes.session
        dialog = DeleteSetDialog(going, left_out, fleet.servers, session.now, session.clock, send)
        flows.open(dialog, "" if marked_in is None else _hidden(marked_in, len(snapshots)))

    def retention(self) -> None:
        """What a policy would keep and delete on the marked servers, or on all that are shown."""
        from tui.screens.dialogs.retention import PolicyDialog

        panes = self._panes
        marked = panes.marked_servers
        hidden = _hidden(panes.servers, len(marked))
        views = marked or [v for v in panes.servers.rows if v.snapshots]
        if not views:
            panes.app.notify("no snapshots are shown", severity="warning", markup=False)
            return
        known = panes.session.settings.policies
        panes.app.push_screen(
            PolicyDialog(known, len(views)),
            lambda policy: None if policy is None else self._show_retention(policy, views, hidden),
        )

    def _show_retention(self, policy: Typed, views: Sequence[ServerView], hidden: str) -> None:
        from tui.screens.dialogs.retention import RetentionDialog

        flows, session, fleet = self._flows, self._panes.session, self._panes.fleet
        live = session.live
        reason = flows.unwritable() or (None if fleet.freshness.live else STALE)
        now = session.now
        found = [
            retain_in(fleet, fleet.servers[v.server.id], policy.policy, policy.made, now)
            for v in views
            if v.server.id in fleet.servers
        ]

        def send(told: Told, unrecorded: bool) -> asyncio.Task[Plan]:
            assert live is not None  # without a connection there is a reason
            draft = retention_plan(found, policy.name)
            return flows.begin(live, draft, told, unrecorded=unrecorded)

        refused = "" if reason is None else flows.spoken(reason)
        flows.open(RetentionDialog(policy, found, refused, now, session.clock, send), hidden)

    def go_on(self, plan: Plan) -> None:
        """Ask whether to send the rest of a plan that stopped."""
        from tui.screens.dialogs.go_on import GoOnDialog

        flows, session = self._flows, self._panes.session
        destroys = any(step.kind is not Kind.CREATE for step in plan.unsent)
        stale = STALE if destroys and not self._panes.fleet.freshness.live else None
        live = flows.live("", flows.unwritable() or stale)
        if live is None:
            return

        async def take_over() -> Plan:
            taken = await live.plans.go_on(plan.id)
            return await session.begin(live, taken, lambda plan, step: None, flows.ask_unstopped)

        flows.open(GoOnDialog(plan, session.clock, lambda: session.perform(take_over())), "")

    def delete_made(self, plan: Plan) -> None:
        """Ask for a count and delete what a set has made, as far as it is still there."""
        made = made_by(plan)
        views = self._panes.fleet.servers.values()
        found = [s for view in views for s in view.snapshots if s.id in made]
        self.ask_delete(found, f"the snapshots {plan.name}")


def _reason(fleet: Fleet, snapshot: Snapshot) -> str:
    """Why a snapshot is left out, in two words; empty where it is not."""
    view: ServerView | None = fleet.servers.get(snapshot.server_id)
    if target_refusal(Kind.DELETE, snapshot, fleet.protected) is not None:
        deletable = snapshot.phase in (Phase.COMPLETED, Phase.FAILED)
        return "protected here" if deletable else snapshot.status_words
    return "the server is busy" if refusal(Kind.DELETE, fleet, view, snapshot) else ""


def _hidden(pane: Pane, marked: int) -> str:
    """How many of the marked rows are not shown, in a sentence; empty where all are."""
    hidden = marked - pane.marks_shown
    return (
        f"Includes {plural(hidden, 'marked row')} that {_are(hidden)} not shown now."
        if hidden
        else ""
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
