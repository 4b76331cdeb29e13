"""The real command in surroundings of the test's own making."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path


def without_privileges() -> None:
    """In a child: what is closed to its owner is closed to root as well."""
    if os.getuid() == 0:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def ciplun(
    environ: dict[str, str],
    *arguments: str,
    start: tuple[str, ...] = ("-m", "tui"),
    cwd: Path | None = None,
    umask: int = -1,
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, with nothing in its environment but this."""
    return subprocess.run(
        [sys.executable, *start, *arguments],
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        umask=umask,
        preexec_fn=without_privileges,
    )
