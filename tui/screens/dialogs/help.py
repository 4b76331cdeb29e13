"""All keys and signs on one page, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.commands import COMMANDS, MOVES
from tui.screens.dialogs.base import Dialog
from tui.widgets.glyphs import Glyphs


class HelpDialog(Dialog[None]):
    """Keys by group, then what the signs mean."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q,enter", "leave", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]
    wide = True

    def __init__(self, glyphs: Glyphs, keymap: Mapping[str, str]) -> None:
        super().__init__("Keys and signs")
        self._glyphs = glyphs
        self._keymap = keymap

    def body(self) -> Iterable[Widget]:
        """One block for each group."""
        lines = [_heading("Move"), *(_line(keys, words) for keys, words in MOVES)]
        for group, commands in groupby(COMMANDS, key=lambda command: command.group):
            if group != "Move":
                lines += [Content(""), _heading(group)]
            lines += [
                _line(" ".join(command.shown_keys(self._keymap)), command.help)
                for command in commands
            ]
        lines += [Content(""), _heading("Signs"), *self._signs()]
        yield Static(Content("\n").join(lines))

    def foot(self) -> Iterable[Widget]:
        """How to leave."""
        yield Static("esc leaves", classes="hint")

    def _signs(self) -> Iterable[Content]:
        g = self._glyphs
        yield _line(g.used, "a slot in use")
        yield _line(g.busy_slot, "a slot being filled, or restored from")
        yield _line(g.failed_slot, "a slot taken by a failed snapshot")
        yield _line(g.free, "a free slot")
        yield _line(g.protected, "a snapshot protected here: Ciplun does not delete it")
        yield _line(g.full, "all slots in use: no create before a delete")

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(".dialog-body").scroll_relative(y=lines, animate=False)


def _heading(text: str) -> Content:
    return Content.styled(text, "bold $primary")


def _line(keys: str, words: str) -> Content:
    return Content.assemble((f"  {keys:<14}", "bold"), Content(words))
