"""The create dialog: a name, a description, and what to know before sending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable
from datetime import datetime

from textual import on
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.fleet.clock import Clock
from tui.fleet.state import ServerView
from tui.fleet.writes.rules import create_advice, description_problem
from tui.screens.dialogs.base import paragraph
from tui.screens.dialogs.write import SendingDialog, Sent
from tui.vps.errors import Rejected
from tui.vps.models import SLOTS
from tui.widgets.checkbox import Choice
from tui.widgets.name_field import NameField
from tui.widgets.text_field import Field

Create = Callable[[str, str, bool], "asyncio.Task[Sent]"]
"""Creates a snapshot (name, description); True: even without a record."""
CreateStopped = Callable[[str, str], "asyncio.Task[Sent]"]
"""The same of a server that is stopped for it and started after."""


def propose_name(taken: Container[str], now: datetime, what: str = "before-update") -> str:
    """A name that says what for and when, and that no snapshot of the server has yet."""
    base = f"{what}-{now:%Y-%m-%d}"
    if base not in taken:
        return base
    return next(name for n in range(2, 1000) if (name := f"{base}-{n}") not in taken)


class CreateDialog(SendingDialog):
    """Asks for name and description and sends the create."""

    verb = "Create"

    def __init__(
        self,
        view: ServerView,
        now: datetime,
        clock: Clock,
        create: Create,
        create_stopped: CreateStopped,
        *,
        unstoppable: str = "",
        name: str = "",
        description: str = "",
    ) -> None:
        super().__init__(f"Create a snapshot of {view.server.name}", clock)
        self._view = view
        self._create = create
        self._create_stopped = create_stopped
        self._unstoppable = unstoppable
        self._taken = frozenset(s.name for s in view.snapshots)
        self._name_at_first = name or propose_name(self._taken, now)
        self._description_at_first = description

    def body(self) -> Iterable[Widget]:
        """The two fields and what an admin should know before sending."""
        view = self._view
        yield NameField("Name", self._name_at_first, self._taken)
        yield Static("Description (optional)", classes="label", markup=False)
        yield Field(self._description_at_first, id="description", placeholder="why it is taken")
        yield paragraph(
            f"Takes slot {view.used + 1} of {SLOTS}, and 3 to 10 minutes at the provider."
        )
        words, grave = create_advice(view.server.status)
        yield paragraph(f"The server is {words}.", "-warning" if grave else "")
        if view.server.status != "stopped":
            why = f" ({self._unstoppable})" if self._unstoppable else ""
            yield Choice(f"Stop it first, start it after{why}", id="stop", disabled=bool(why))

    def on_mount(self) -> None:
        """Take the proposed name for typed."""
        self.update_button()

    @property
    def _description(self) -> str:
        return self.query_one("#description", Input).value.strip()

    def complete(self) -> bool:
        """Whether name and description are allowed."""
        return self.query_one(NameField).valid and not description_problem(self._description)

    @on(Input.Changed, "#description")
    def _judge_description(self) -> None:
        self.answer(description_problem(self._description))

    def go_on(self, event: Input.Submitted) -> None:
        """Send from either field; to the button where no record can be kept."""
        if self.guarded:
            super().go_on(event)
        else:
            self.press()

    def start(self, unrecorded: bool) -> asyncio.Task[Sent]:
        """Start the create with what is typed now."""
        if any(choice.value for choice in self.query(Choice)):
            return self._create_stopped(self.query_one(NameField).value, self._description)
        return self._create(self.query_one(NameField).value, self._description, unrecorded)

    def rejected(self, error: Rejected) -> None:
        """Put the provider's words about the name beside it, all others above the button."""
        fields = dict(error.fields)
        about_name = fields.pop("name", "")
        if about_name:
            self.query_one(NameField).tell(about_name)
        self.answer("" if about_name and not fields else str(error))
