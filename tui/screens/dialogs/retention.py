"""Retention: which policy, then what it keeps and what goes, and why, before any delete."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime

from textual import on
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.config.tables import Policy
from tui.fleet.clock import Clock
from tui.fleet.plan import Step
from tui.fleet.policies import EXAMPLE, BadPolicy, Typed, typed
from tui.fleet.retention import Retention, Verdict
from tui.screens.dialogs.base import Dialog, paragraph
from tui.screens.dialogs.bulk import BulkDialog, Row, SendDeletes
from tui.screens.dialogs.write import Sent
from tui.text import plural, short_age, size
from tui.widgets.confirm_field import ConfirmField
from tui.widgets.line import Piece
from tui.widgets.text_field import Field

_MOST = 400
"""Rows up to which kept ones are shown too."""


class PolicyDialog(Dialog[Typed]):
    """Asks for a policy of the settings, or for numbers and a name."""

    def __init__(self, known: Mapping[str, Policy], servers: int) -> None:
        super().__init__(f"Retention on {plural(servers, 'server')}")
        self._known = known

    def body(self) -> Iterable[Widget]:
        """What can be typed, the field, and what is wrong with it."""
        names = ", ".join(self._known)
        first = f"A policy ({names}), or numbers" if names else "Numbers"
        yield paragraph(f"{first} and a name, like {EXAMPLE}. Nothing is deleted by this.")
        yield Field(next(iter(self._known), ""), id="policy", placeholder=EXAMPLE)
        yield Static("", id="policy-problem", classes="paragraph -warning", markup=False)

    def foot(self) -> Iterable[Widget]:
        """What the keys do."""
        yield self.hint(accept="show what it would do", leave="cancel")

    @on(Input.Changed)
    def edited(self) -> None:
        """What was wrong is being mended."""
        self.query_one("#policy-problem", Static).update("")

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Give the policy, or say what is wrong."""
        try:
            found = typed(event.value, self._known)
        except BadPolicy as error:
            self.query_one("#policy-problem", Static).update(str(error))
        else:
            self.finish(found)


class RetentionDialog(BulkDialog):
    """What a policy keeps and what goes on some servers; a count to type deletes what goes."""

    verb = "Delete"
    danger = True

    def __init__(
        self,
        policy: Typed,
        found: Sequence[Retention],
        refused: str,
        now: datetime,
        clock: Clock,
        send: SendDeletes,
    ) -> None:
        self._found = [each for each in found if each.own]
        self._without = len(found) - len(self._found)
        self._refused = refused
        self._now = now
        self._send_all = send
        self._goes = sum(len(each.goes) for each in found)
        super().__init__(f"Retention · {policy.name}", clock)

    def facts(self) -> Iterable[Widget]:
        """Where nothing goes, and what is short."""
        if self._without:
            count = plural(self._without, "server")
            yield paragraph(f"{count} without a snapshot of these names: nothing to delete there.")
        short = [each.view.server.name for each in self._found if each.short]
        if short:
            yield paragraph(
                f"Not as many free slots as the policy wants: {', '.join(short)}", "-warning"
            )

    def question(self) -> Iterable[Widget]:
        """The words to type, or why nothing is deleted."""
        if not self._goes:
            yield paragraph("Nothing to delete.")
        elif self._refused:
            yield paragraph(f"Nothing can be deleted now: {self._refused}", "-warning")
        else:
            yield paragraph("Deleting is permanent: it cannot be undone.", "-warning")
            count = f"delete {self._goes}"
            yield ConfirmField("Type this to enable the button:", count, id="confirm")

    def on_mount(self) -> None:
        """Begin where the count is typed."""
        super().on_mount()
        for field in self.query("#confirm #typed"):
            field.focus()

    def head(self) -> Sequence[str]:
        """What it is, and what becomes of it."""
        return ("Server", "Snapshot", "Age", *(() if self._narrow else ("Size",)), "Why")

    @property
    def _narrow(self) -> bool:
        """Whether the reason needs the room of the size."""
        return self.app.size.width < 140

    def rows(self) -> Sequence[Row]:
        """Each snapshot; once it has begun, and of very many, only those that go."""
        verdicts = [verdict for each in self._found for verdict in each.verdicts]
        all_of_them = not self._begun and len(verdicts) <= _MOST
        return [self._row(verdict) for verdict in verdicts if verdict.goes or all_of_them]

    def _row(self, verdict: Verdict) -> Row:
        snapshot, style = verdict.snapshot, "$text-error" if verdict.goes else "$text-muted"
        cells: list[Piece] = [
            (snapshot.server_name, ""),
            (snapshot.name, style if verdict.goes else ""),
            (short_age(snapshot.created_at, self._now), ""),
            *(() if self._narrow else ((size(snapshot.size_mb), ""),)),
            (verdict.words, style),
        ]
        return snapshot.id, cells

    def row_of(self, step: Step) -> Hashable:
        """That of its snapshot."""
        return step.target.id if step.target else None

    def complete(self) -> bool:
        """Whether the count matches to the letter."""
        fields = list(self.query("#confirm").results(ConfirmField))
        return super().complete() and bool(fields) and all(field.enabled for field in fields)

    def start(self, unrecorded: bool) -> asyncio.Task[Sent]:
        """Start all."""
        return self._send_all(self.told, unrecorded)
