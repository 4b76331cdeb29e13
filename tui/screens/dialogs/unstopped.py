"""What to do with a server that does not stop for its snapshot."""

from __future__ import annotations

import asyncio
from typing import Final

from textual.app import App
from textual.screen import Screen

from tui.fleet.clock import Clock
from tui.fleet.power import Answer
from tui.screens.dialogs.prompt import ChooseDialog

_CHOICES: Final = {
    "Go on waiting": Answer.WAIT,
    "Start it again without a snapshot": Answer.GIVE_UP,
    "Snapshot it while it runs": Answer.AS_IT_IS,
}
_LOOKS: Final = 1.0
"""Seconds between two looks at whether another dialog is open still."""


class UnstoppedDialog(ChooseDialog):
    """Leaving it is to go on waiting, and so is the choice that a careless key takes."""

    def __init__(self, question: str) -> None:
        super().__init__("A server does not stop", [*_CHOICES], next(iter(_CHOICES)))
        self.note = question
        self.answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def finish(self, result: str | None) -> None:
        """Answer, and close."""
        super().finish(result)
        if not self.answered.done():
            self.answered.set_result(_CHOICES.get(result or "", Answer.WAIT))


async def ask_unstopped(
    app: App[object], board: Screen[object], clock: Clock, question: str
) -> Answer:
    """Ask as soon as no other dialog is open; the question goes where it is no longer one."""
    while app.screen is not board:
        await clock.sleep(_LOOKS)
    dialog = UnstoppedDialog(question)
    app.push_screen(dialog)
    try:
        return await asyncio.shield(dialog.answered)
    finally:
        dialog.finish(None)
