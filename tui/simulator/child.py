"""A simulator in a child process: what ``--demo`` runs. It cannot outlive its parent."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_NEEDED: Final = ("PATH", "PYTHON", "LD_", "DYLD_", "LANG", "LC_", "HOME", "TMPDIR")
"""Beginnings of the variables it is given: whatever holds a real token is none of its business."""


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the child may know; an empty entry of PYTHONPATH would be the current folder."""
    passed = {name: value for name, value in environ.items() if name.startswith(_NEEDED)}
    if "PYTHONPATH" in passed:
        entries = passed["PYTHONPATH"].split(os.pathsep)
        passed["PYTHONPATH"] = os.pathsep.join(entry for entry in entries if entry)
    return passed


class SimulatorFailed(Exception):
    """The child did not come up; one sentence."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a simulator listens, and the token that opens it."""

    url: str
    token: str = field(repr=False)


class ChildSimulator:
    """Started by `start`, ended by `stop` or by this process's end: its stdin closes with us.

    `speed` is virtual seconds for each real one. With `script` the demo's fleet lives.
    """

    def __init__(
        self, *, speed: float = 60.0, servers: int | None = None, script: bool = False
    ) -> None:
        self.speed = speed
        self._options = {"speed": speed, "servers": servers, "script": script}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> Address:
        """Start it and wait for its address. Raises SimulatorFailed."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # nothing is run that lies in the current folder
            "-m",
            "tui.simulator",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # ctrl-c is for the dashboard
            env=_environment(os.environ),
        )
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise SimulatorFailed("the embedded simulator has no pipes")
        process.stdin.write(json.dumps(self._options).encode() + b"\n")
        try:
            async with asyncio.timeout(20):
                line = await process.stdout.readline()
            told = json.loads(line)
        except (TimeoutError, ValueError):
            raise SimulatorFailed("the embedded simulator did not start") from None
        return Address(told["url"], told["token"])

    async def stop(self) -> None:
        """End it."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
