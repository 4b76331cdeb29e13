"""The bottom line: the keys that matter most, greyed while they can't be used."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual.events import Click
from textual.message import Message

from tui.commands import FOOTER, Command, keys_of
from tui.widgets.line import Line, Piece

_DISPENSABLE = ("sort", "refresh", "filter", "operations", "delete", "restore")


class KeyBar(Line):
    """Shows the footer commands; a click on one runs it."""

    class Chosen(Message):
        """A command was clicked. `command` is its id."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._note = ""
        self._disabled: Collection[str] = ()
        self._ends: list[tuple[int, str]] = []

    def show_note(self, words: str) -> None:
        """Show a note at the right end."""
        self._note = words
        self.show_keys(self._disabled)

    def show_keys(self, disabled: Collection[str]) -> None:
        """Show all keys, with `disabled` ones greyed, and the note."""
        keys, self._disabled = keys_of(self), disabled
        pieces: list[Piece] = []
        self._ends = []
        width = 1
        for command in self._fitting(len(self._note)):
            off = command.id in disabled
            key = keys.shown(command.id)
            pieces += [
                (key, "$text-disabled" if off else "bold $text-accent"),
                (f" {command.footer}  ", "$text-disabled" if off else "$text-muted"),
            ]
            width += len(key) + len(command.footer) + 3
            self._ends.append((width, command.id))
        self.show(pieces, [(self._note, "$text-muted")] if self._note else [])

    def _fitting(self, taken: int) -> Sequence[Command]:
        """The footer commands that there is room for; the dispensable ones go first."""
        keys, kept = keys_of(self), list(FOOTER)
        room = self.size.width - 2 - taken
        for dispensable in _DISPENSABLE:
            width = sum(len(keys.shown(command.id)) + len(command.footer) + 3 for command in kept)
            if width - 2 <= room or not self.size.width:
                break
            kept = [command for command in kept if command.id != dispensable]
        return kept

    def on_click(self, event: Click) -> None:
        """Run the command under the pointer."""
        for end, command in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(command))
                return
