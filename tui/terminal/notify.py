"""A done-signal that crosses SSH: bell, OSC 9, the window's title, and a command of the user's."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Final

from tui.terminal import logs
from tui.vps.sanitize import clean

HOOK_SECONDS: Final = 30.0
log = logging.getLogger(__name__)
_SECRETS: Final = ("CIPLUN_TOKEN", "VPS_API_TOKEN")


def done_signal(text: str, environ: Mapping[str, str]) -> str:
    """What to write to the terminal: a bell, and OSC 9, wrapped for tmux and screen."""
    # The name before it keeps a text like 4;3 from being one of OSC 9's other commands.
    message = f"\x1b]9;ciplun: {clean(text)}\x07"
    if environ.get("TMUX"):
        message = "\x1bPtmux;" + message.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    elif environ.get("TERM", "").startswith("screen"):
        message = f"\x1bP{message}\x1b\\"
    return "\x07" + message


def title(text: str) -> str:
    """What to write to the terminal to name its window."""
    return f"\x1b]2;{clean(text, 80)}\x07"


async def run_hook(
    command: Sequence[str], facts: Mapping[str, str], environ: Mapping[str, str]
) -> int | None:
    """Run a command without a shell; `facts` are in its environment and no token is.

    Returns its exit code, None where it could not be run or took too long.
    """
    surroundings = {
        name: value
        for name, value in environ.items()
        if name not in _SECRETS and not logs.holds_token(value)
    }
    surroundings |= {f"CIPLUN_{name.upper()}": value for name, value in facts.items()}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=surroundings,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        log.warning("on_finished could not be run: %s", error)
        return None
    try:
        async with asyncio.timeout(HOOK_SECONDS):
            return await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        return None
