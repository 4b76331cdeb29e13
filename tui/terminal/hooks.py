"""A command of the user's that is run when something has ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Final

from tui.terminal import hardening, logs
from tui.vps.token import masked

HOOK_SECONDS: Final = 30.0
"""Seconds after which a command that still runs is killed."""
_MOST_EVENTS: Final = 100
"""Events at once for which a command is run."""
log = logging.getLogger(__name__)
_SECRETS: Final = ("CIPLUN_TOKEN", "VPS_API_TOKEN")


async def run_each(
    command: Sequence[str],
    events: Sequence[tuple[str, Mapping[str, str]]],
    environ: Mapping[str, str],
) -> None:
    """Run a command for each event, one after the other, as `run_told` does."""
    for text, facts in events[:_MOST_EVENTS]:
        await run_told(command, text, facts, environ)
    if len(events) > _MOST_EVENTS:
        log.warning("of %d events at once %d were told", len(events), _MOST_EVENTS)


async def run_told(
    command: Sequence[str], text: str, facts: Mapping[str, str], environ: Mapping[str, str]
) -> int | None:
    """Run a command with the words of an event as its last argument; otherwise as `run_hook`."""
    # A snapshot may be named like an option.
    argument = f"ciplun: {text}" if text.startswith("-") else text
    return await run_hook((*command, argument), facts, environ)


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without any token."""
    return {
        name: value
        for name, value in environ.items()
        if name not in _SECRETS and not logs.holds_token(value)
    }


async def run_hook(
    command: Sequence[str], facts: Mapping[str, str], environ: Mapping[str, str]
) -> int | None:
    """Run a command without a shell; `facts` are in its environment and no token is.

    Returns its exit code, None where it could not be run or took too long.
    """
    told = {f"CIPLUN_{name.upper()}": value for name, value in facts.items()}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=surroundings(environ) | told,
            umask=hardening.given_umask,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        log.warning("%s could not be run: %s", masked(command[0]), error)
        return None
    try:
        async with asyncio.timeout(HOOK_SECONDS):
            return await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        return None
