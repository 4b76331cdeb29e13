"""A command run only once its snapshots are completed, and the way back if it fails."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tui.fleet.operation import Kind
from tui.fleet.plan import Plan, Standing, Step

if TYPE_CHECKING:
    import asyncio

_MISSING: Final = 127
"""The exit code for a command that is not found, as a shell has it."""
_UNFIT: Final = 126
"""The exit code for one that is found and cannot be run."""
_PASSED_ON: Final = (signal.SIGTERM, signal.SIGHUP)


class CannotRun(Exception):
    """A command was not run: why, and the exit code that a shell has for it."""

    def __init__(self, why: str, code: int) -> None:
        super().__init__(why)
        self.code = code


def check_runnable(command: Sequence[str]) -> None:
    """Whether there is such a program, before anything is sent for it. Raises CannotRun."""
    name = command[0]
    if shutil.which(name) is not None:
        return
    if shutil.which(name, os.F_OK) is not None:
        raise CannotRun("it is no program that may be run", _UNFIT)
    raise CannotRun("it is not found", _MISSING)


def creates(plan: Plan) -> Sequence[Step]:
    """The snapshots that a plan makes."""
    return [step for step in plan.steps if step.kind is Kind.CREATE]


def missing(plan: Plan) -> Sequence[str]:
    """A sentence for each snapshot that is not completed: with any, nothing is run."""
    return [
        f"{step.server_name}: {step.name} is not completed: {step.reason or step.stands}"
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


async def run_command(command: Sequence[str], umask: int = -1) -> int:
    """Run a command on this terminal and return its exit code; 128 + n after the signal n.

    `umask` is its mask for new files, -1 our own. Raises CannotRun.
    SIGTERM and SIGHUP are passed on. Ctrl-c reaches it without us, and does not end us before it.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    signals = _Signals()
    for number in (*_PASSED_ON, signal.SIGINT):  # before it starts: none must reach us alone
        loop.add_signal_handler(number, signals.take, number)
    try:
        process = await asyncio.create_subprocess_exec(*command, umask=umask)
        signals.pass_to(process)
        code = await process.wait()
    except (FileNotFoundError, ValueError):
        raise CannotRun("it is not found", _MISSING) from None
    except OSError as error:
        raise CannotRun(error.strerror or "the system refuses it", _UNFIT) from None
    finally:
        for number in (*_PASSED_ON, signal.SIGINT):
            loop.remove_signal_handler(number)
    return 128 - code if code < 0 else code


class _Signals:
    """Passes signals on to a process; those that come before it has started wait for it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._early: list[int] = []

    def pass_to(self, process: asyncio.subprocess.Process) -> None:
        """From now on there is somebody to pass them to."""
        self._process = process
        for number in self._early:
            self.take(number)

    def take(self, number: int) -> None:
        """Pass a signal on; not an interrupt that the terminal has sent to the command as well."""
        if self._process is None:
            self._early.append(number)
        elif self._process.returncode is None and not (number == signal.SIGINT and _on_terminal()):
            self._process.send_signal(number)


def _on_terminal() -> bool:
    """Whether the terminal sends its interrupts to our process group, and so to the command."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
