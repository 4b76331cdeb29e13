"""The bottom line: the keys that matter most, greyed while they can't be used."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from textual.events import Click
from textual.message import Message

from tui.commands import FOOTER, Command
from tui.widgets.line import Line, Piece

_DISPENSABLE = ("sort", "refresh", "filter", "operations", "delete", "restore")


def _key(command: Command, keymap: Mapping[str, str]) -> str:
    return command.shown_keys(keymap)[0]


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
        self._keymap: Mapping[str, str] = {}
        self._disabled: Collection[str] = ()
        self._ends: list[tuple[int, str]] = []

    def show_note(self, words: str) -> None:
        """Show a note at the right end."""
        self._note = words
        self.show_keys(self._keymap, self._disabled)

    def show_keys(self, keymap: Mapping[str, str], disabled: Collection[str]) -> None:
        """Show all keys, with `disabled` ones greyed, and the note."""
        self._keymap, self._disabled = keymap, disabled
        pieces: list[Piece] = []
        self._ends = []
        width = 1
        for command in self._fitting(keymap, len(self._note)):
            off = command.id in disabled
            key = _key(command, keymap)
            pieces += [
                (key, "$text-disabled" if off else "bold $text-accent"),
                (f" {command.footer}  ", "$text-disabled" if off else "$text-muted"),
            ]
            width += len(key) + len(command.footer) + 3
            self._ends.append((width, command.id))
        self.show(pieces, [(self._note, "$text-muted")] if self._note else [])

    def _fitting(self, keymap: Mapping[str, str], taken: int) -> Sequence[Command]:
        """The footer commands that there is room for; the dispensable ones go first."""
        kept = list(FOOTER)
        room = self.size.width - 2 - taken
        for dispensable in _DISPENSABLE:
            width = sum(len(_key(command, keymap)) + len(command.footer) + 3 for command in kept)
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
