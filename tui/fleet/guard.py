"""A command run only once its snapshots are completed, and the way back if it fails."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Sequence
from typing import Final

from tui.fleet.operation import Kind
from tui.fleet.plan import Plan, Standing, Step

CANNOT_RUN: Final = 127
"""The exit code of a command that cannot be run, as a shell has it."""
_PASSED_ON: Final = (signal.SIGTERM, signal.SIGHUP)


def creates(plan: Plan) -> Sequence[Step]:
    """The snapshots that a plan makes."""
    return [step for step in plan.steps if step.kind is Kind.CREATE]


def missing(plan: Plan) -> Sequence[str]:
    """A sentence for each snapshot that is not completed: with any, nothing is run."""
    return [
        f"{step.server_name}: {step.name} is not completed"
        f" ({step.became.state.value if step.became else step.standing.value})"
        + (f": {step.reason}" if step.reason else "")
        for step in creates(plan)
        if step.standing is not Standing.DONE
    ]


def way_back(plan: Plan, options: Sequence[str] = ()) -> Sequence[str]:
    """The command line that restores each server, as it can be pasted; `options` are ciplun's."""
    return [
        shlex.join(
            [
                *("ciplun", "restore", str(step.became.snapshot_id)),
                *("--server", str(step.server_id), *options),
            ]
        )
        for step in creates(plan)
        if step.standing is Standing.DONE and step.became is not None
    ]


async def run_command(command: Sequence[str]) -> int:
    """Run a command on this terminal and return its exit code; 128 + n after the signal n.

    SIGTERM and SIGHUP are passed on. Ctrl-c reaches it without us, and does not end us before it.
    """
    try:
        process = await asyncio.create_subprocess_exec(*command)
    except (OSError, ValueError):
        return CANNOT_RUN
    loop = asyncio.get_running_loop()
    for number in _PASSED_ON:
        loop.add_signal_handler(number, _pass_on, process, number)
    loop.add_signal_handler(signal.SIGINT, _interrupted, process)
    try:
        code = await process.wait()
    finally:
        for number in (*_PASSED_ON, signal.SIGINT):
            loop.remove_signal_handler(number)
    return 128 - code if code < 0 else code


def _pass_on(process: asyncio.subprocess.Process, number: int) -> None:
    if process.returncode is None:
        process.send_signal(number)


def _interrupted(process: asyncio.subprocess.Process) -> None:
    """Pass an interrupt on, unless the terminal has sent it to the command as well."""
    try:
        on_terminal = os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        on_terminal = False
    if not on_terminal:
        _pass_on(process, signal.SIGINT)
