"""`ciplun info`: versions, paths, and where each setting came from."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import click

import tui
from tui.cli.arguments import Command, settings, shared
from tui.cli.output import out
from tui.config import paths
from tui.config.settings import Settings, describe
from tui.exit_codes import ExitCode
from tui.fleet.remembering import memory_of
from tui.text import age, plural
from tui.vps.token import masked

_PACKAGES = ("textual", "httpx", "humanize", "msgspec", "click", "starlette", "uvicorn")


@click.command(cls=Command)
@shared
def command(**given: Any) -> int:
    """Versions, paths, and which settings came from where. Never the token."""
    found = settings(**given)
    python = ".".join(map(str, sys.version_info[:3]))
    out(f"ciplun {tui.__version__}, Python {python}")
    out(", ".join(f"{name} {version(name)}" for name in _PACKAGES))
    for name, path in (
        ("settings", paths.config_file(os.environ)),
        ("journal", paths.journal_file(os.environ)),
        ("log", paths.log_file(os.environ)),
        ("styles", paths.STYLES),
    ):
        out(f"{name:<15} {masked(paths.tidy(path, os.environ))}")
    out(f"{'memory':<15} {_memory(found)}")
    for name, value, origin in describe(found):
        out(f"{name:<15} {value:<32} {origin}")
    names = masked(", ".join(found.profiles)) or "-"
    out(f"{plural(len(found.profiles), 'profile')}: {names}")
    return ExitCode.DONE


def _memory(settings: Settings) -> str:
    """Where the last known fleet is kept, how old it is, and how large."""
    if settings.demo or not settings.remember:
        return "nothing is remembered"
    memory, now = memory_of(settings, os.environ), time.time()
    where, found = masked(paths.tidy(memory.path, os.environ)), memory.glance(now)
    if found is None:
        return f"{where}  nothing that can be used"
    when = age(datetime.fromtimestamp(found.head.as_of, UTC), datetime.fromtimestamp(now, UTC))
    kilobytes = memory.path.stat().st_size / 1024
    return f"{where}  {plural(found.head.totals.servers, 'server')}, {when}, {kilobytes:,.0f} KB"
