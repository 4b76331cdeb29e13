"""The line in which the filter of a pane is typed; it is there only meanwhile."""

from __future__ import annotations

from textual import getters, on
from textual.containers import Horizontal
from textual.message import Message
from textual.reactive import var
from textual.widgets import Input, Static

from tui.widgets.panes import Pane
from tui.widgets.text_field import Field


class FilterBar(Horizontal):
    """Tells what is typed for the pane that it was opened for."""

    is_open = var(False, toggle_class="-open", init=False)
    field = getters.query_one("#filter", Field)
    said = getters.query_one("#filter-said", Static)

    class Typed(Message):
        """Another text stands in the field. `kept` tells that `enter` has closed it."""

        def __init__(self, pane: Pane, text: str, *, kept: bool) -> None:
            super().__init__()
            self.pane = pane
            self.text = text
            self.kept = kept

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._pane: Pane | None = None

    def _begin(self, text: str) -> None:
        """Have a sign and the field: the first screen is there sooner without them."""
        hint = "part of a name, address or id; full, age>7d, !web"
        self.mount(
            Static("/", id="filter-sign", markup=False),
            Field(text, id="filter", placeholder=hint),
            Static("", id="filter-said", markup=False),
        )

    def open(self, pane: Pane) -> None:
        """Let the filter of a pane be typed."""
        self._pane = pane
        if not self.children:
            self._begin(pane.arrangement.text)
        self.say("")
        with self.prevent(Input.Changed):
            self.field.value = pane.arrangement.text
        self.is_open = True
        self.field.focus()

    def say(self, text: str) -> None:
        """Say what of the text means nothing, and what would be right; nothing where all does."""
        self.said.update(text)

    def close(self) -> Pane | None:
        """Give the focus back to the pane, and return it; None where nothing was typed."""
        pane, self._pane = self._pane, None
        self.is_open = False
        if pane is not None:
            pane.focus()
        return pane

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Tell of each letter."""
        event.stop()
        if self._pane is not None:
            self.post_message(self.Typed(self._pane, event.value, kept=False))

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Close, and tell that the filter stays."""
        event.stop()
        pane = self.close()
        if pane is not None:
            self.post_message(self.Typed(pane, event.value, kept=True))
