"""A command of the user's that is run when something has ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Final

from tui.terminal import logs

HOOK_SECONDS: Final = 30.0
"""Seconds after which a command that still runs is killed."""
log = logging.getLogger(__name__)
_SECRETS: Final = ("CIPLUN_TOKEN", "VPS_API_TOKEN")


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
