"""Everything known of one server or snapshot, as text and as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.app import App
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.commands import bindings
from tui.fleet import backups
from tui.fleet.operation import Operation
from tui.fleet.policies import state_of
from tui.fleet.retention import by_template, retain_in
from tui.fleet.selectors import parse
from tui.fleet.state import ServerView
from tui.notices import assurance, at_work
from tui.screens.dialogs.base import Page
from tui.text import age, duration, plural, size, stamp
from tui.vps.errors import VpsError
from tui.vps.models import SLOTS, Server, Snapshot
from tui.widgets.panes import Panes

if TYPE_CHECKING:
    from tui.config.tables import Policy
    from tui.fleet.journal.policy_runs import Runs

Fact = tuple[str, str]


def as_json(item: Server | Snapshot) -> str:
    """The item as indented JSON, with the fields of `tui.vps.models`."""
    return msgspec.json.format(msgspec.json.encode(item), indent=2).decode()


def copy(app: App[None], item: Server | Snapshot | None, *, as_text: bool) -> None:
    """Put the item's JSON or its id on the clipboard, or say that there is none."""
    if item is None:
        app.notify("nothing is chosen", severity="warning", markup=False)
        return
    text, what = (as_json(item), "JSON") if as_text else (str(item.id), "id")
    to_clipboard(app, f"{what} of {item.name}", text)


def to_clipboard(app: App[None], what: str, text: str) -> None:
    """Ask the terminal to put a text on the clipboard: whether it does, it does not tell."""
    app.copy_to_clipboard(text)
    app.notify(f"{what} sent to the terminal, for its clipboard", markup=False)


def snapshot_facts(
    snapshot: Snapshot, now: datetime, *, protected: bool, local: bool
) -> Sequence[Fact]:
    """What is known of a snapshot."""
    when = snapshot.created_at
    return (
        ("Name", snapshot.name),
        ("Id", str(snapshot.id)),
        ("Server", f"{snapshot.server_name}  #{snapshot.server_id}"),
        ("Status", snapshot.status_words),
        ("Size", size(snapshot.size_mb)),
        ("Created", f"{stamp(when, local=local)}  ({age(when, now)})" if when else "unknown"),
        ("Description", snapshot.description or "-"),
        (
            "Protected",
            "here: ciplun does not delete it, the provider's panel can" * protected or "-",
        ),
    )


def server_facts(view: ServerView, operation: Operation | None, now: datetime) -> Sequence[Fact]:
    """What is known of a server."""
    server, newest = view.server, view.newest_completed
    facts = [
        ("Name", server.name),
        ("Id", str(server.id)),
        ("Hostname", server.hostname),
        ("Status", server.status or "cannot be seen"),
        ("Address", server.address),
        ("Location", server.location),
        ("Plan", server.plan),
        ("System", server.os),
        ("Slots", f"{view.used} of {SLOTS} used"),
        (
            "Newest",
            f"{newest.name}, {age(newest.created_at, now)}"
            if newest
            else view.doubt or "none completed",
        ),
        ("Failed", plural(view.failed, "snapshot") if view.failed else ""),
    ]
    if operation is not None:
        facts.append(("Operation", f"{operation.title}: {at_work(operation)}"))
        facts.append(("How sure", assurance(operation)))
    if not view.listed:
        facts.append(("Source", "not listed: known from its snapshots, or added by id"))
    return [(label, value) for label, value in facts if value]


def judged_facts(panes: Panes, view: ServerView, now: datetime) -> Sequence[Fact]:
    """How a server is judged, and what each policy that chooses it would do now."""
    scope = panes.scope
    found = scope.health(view).findings
    names = [name for name in scope.groups.names if scope.groups.has(name, view.server)]
    facts = [("Health", "; ".join(finding.what for finding in found) or "well")]
    if names:
        facts.append(("Groups", ", ".join(names)))
    for name, policy in _policies(panes, view):
        kept = retain_in(panes.fleet, view, policy, by_template(policy.name), now)
        facts.append((f"Policy {name}", state_of(policy, kept)))
    return facts


def _policies(panes: Panes, view: ServerView) -> Sequence[tuple[str, Policy]]:
    """Those of the settings that choose a server, with their names."""
    scope = panes.scope
    return [
        (name, policy)
        for name, policy in panes.session.settings.policies.items()
        if policy.on and parse(policy.on, scope.groups).server(view, scope)
    ]


async def backup_facts(panes: Panes, view: ServerView) -> Sequence[Fact]:
    """The newest backup of a server, asked for now: they are kept apart, snapshots are not."""
    live, now = panes.session.live, panes.session.now
    if live is None:
        return ()
    try:
        listing = await live.client.backups(view.server.id)
    except VpsError:
        return [("Backup", "cannot be seen")]
    found = backups.of(backups.newest(listing.items, now), view.server.id)
    if found is not None:
        return [("Backup", f"{found.kind} {age(found.created_at, now)}".strip())]
    if not listing.complete:
        return [("Backup", "not all of them could be read")]
    words = "none: its only copies lie on its own infrastructure"
    return [("Backup", words if view.newest_completed else "none")]


async def more_facts(panes: Panes, view: ServerView) -> Sequence[Fact]:
    """What has to be asked for."""
    return [*await run_facts(panes, view), *await backup_facts(panes, view)]


async def run_facts(panes: Panes, view: ServerView) -> Sequence[Fact]:
    """When the policies that choose a server ran last on this machine, and when one is due."""
    from tui.fleet.journal.file import JournalUnavailable
    from tui.fleet.journal.policy_runs import RunBook

    live, now = panes.session.live, panes.session.now
    chosen = _policies(panes, view)
    if live is None or not chosen:
        return ()
    book = RunBook(live.operations.journal.file, lambda: live.operations.account)
    try:
        runs = await book.last()
    except JournalUnavailable:
        return ()
    return [(f"Ran {name}", run_words(view, name, runs, now)) for name, _ in chosen]


def run_words(view: ServerView, name: str, runs: Runs, now: datetime) -> str:
    """When a policy ran, and when its next snapshot of this server is due, if that is known."""
    from tui.fleet.journal.policy_runs import KINDS

    found = [run for kind in KINDS if (run := runs.get((name, kind))) is not None]
    if not found:
        return "not yet on this machine"
    words = [f"{run.kind} {age(datetime.fromtimestamp(run.at, UTC), now)}" for run in found]
    ensured = runs.get((name, "ensure"))
    if ensured is not None and ensured.max_age is not None:
        newest = view.newest_completed
        made = newest.created_at.timestamp() if newest and newest.created_at else 0.0
        left = made + ensured.max_age - now.timestamp()
        if left <= 0 and view.doubt:
            words.append(f"when a new one is due cannot be told: {view.doubt}")
        else:
            words.append(f"a new one is due {f'in {duration(left)}' if left > 0 else 'now'}")
    return "; ".join(words)


def details_of(panes: Panes) -> DetailsDialog | None:
    """The dialog about the row under the cursor; None where there is none."""
    snapshot, view, now = panes.snapshot, panes.view, panes.session.now
    if panes.active is panes.table and snapshot is not None:
        protected = snapshot.id in panes.fleet.protected

        def facts_now() -> Sequence[Fact]:
            return snapshot_facts(snapshot, now, protected=protected, local=panes.local_time)

        def toggle() -> Sequence[Fact]:
            panes.toggle_local_time()
            return facts_now()

        return DetailsDialog(f"Snapshot {snapshot.name}", facts_now(), snapshot, toggle=toggle)
    if view is not None:
        operation = panes.fleet.operations.get(view.server.id)
        facts = [*server_facts(view, operation, now), *judged_facts(panes, view, now)]
        return DetailsDialog(
            f"Server {view.server.name}", facts, view.server, more=lambda: more_facts(panes, view)
        )
    return None


class DetailsDialog(Page):
    """Facts in two columns; the keys that copy do so as in the lists."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        ["local_time"], copy_id="copy(0)", copy_json="copy(1)", details="leave"
    )

    def __init__(
        self,
        title: str,
        facts: Sequence[Fact],
        item: Server | Snapshot,
        *,
        more: Callable[[], Awaitable[Sequence[Fact]]] | None = None,
        toggle: Callable[[], Sequence[Fact]] | None = None,
    ) -> None:
        super().__init__(title)
        self._facts = facts
        self._item = item
        self._more = more
        self._toggle = toggle

    def body(self) -> Iterable[Widget]:
        """A line for each fact."""
        yield Static(self._lines(), id="facts")

    def on_mount(self) -> None:
        """Ask for what is not known yet."""
        if self._more is not None:
            self.run_worker(self._ask(self._more), group="more", exit_on_error=False)

    async def _ask(self, more: Callable[[], Awaitable[Sequence[Fact]]]) -> None:
        self._facts = [*self._facts, *await more()]
        self.query_one("#facts", Static).update(self._lines())

    def _lines(self) -> Content:
        width = max(len(label) for label, _ in self._facts)
        lines = [
            Content.assemble((f"{label:<{width}}  ", "$text-muted"), Content(value))
            for label, value in self._facts
        ]
        return Content("\n").join(lines)

    def foot(self) -> Iterable[Widget]:
        """What can be done here."""
        uses = {"copy_id": "copy the id", "copy_json": "copy the JSON"}
        if self._toggle is not None:
            uses |= {"local_time": "UTC or local"}
        yield self.hint(**uses, leave="close")

    def action_local_time(self) -> None:
        """Show moments in this machine's zone, or in UTC, here and in the panes."""
        if self._toggle is not None:
            self._facts = self._toggle()
            self.query_one("#facts", Static).update(self._lines())

    def action_copy(self, as_text: int) -> None:
        """Put the id or the JSON on the clipboard."""
        copy(self.app, self._item, as_text=bool(as_text))
