"""All keys and signs on one page, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.commands import COMMANDS, GROUPS, bindings
from tui.screens.dialogs.base import Page
from tui.widgets.glyphs import Glyphs


class HelpDialog(Page):
    """Keys by group, then what the signs mean."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(help="leave")

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__("Keys and symbols")
        self._glyphs = glyphs

    def body(self) -> Iterable[Widget]:
        """One block for each group."""
        lines: list[Content] = []
        for group in GROUPS:
            lines += [_heading(group)]
            lines += [
                _line(self.keys.all_shown(command.id), command.help)
                for command in COMMANDS
                if command.group == group
            ]
            lines += [Content("")]
        lines += [_heading("Signs"), *self._signs()]
        yield Static(Content("\n").join(lines))

    def foot(self) -> Iterable[Widget]:
        """How to read on, and to leave."""
        yield self.hint(page_down="page down", leave="close")

    def _signs(self) -> Iterable[Content]:
        g = self._glyphs
        yield _line(g.used, "a slot in use")
        yield _line(g.busy_slot, "a slot being filled, or restored from")
        yield _line(g.failed_slot, "a slot taken by a failed snapshot")
        yield _line(g.free, "a free slot")
        yield _line(g.protected, "a snapshot protected here: ciplun does not delete it")
        yield _line(g.full, "all slots in use: no create before a delete")


def _heading(text: str) -> Content:
    return Content.styled(text, "bold $primary")


def _line(keys: str, words: str) -> Content:
    return Content.assemble((f"  {keys:<14}", "bold"), Content(words))
