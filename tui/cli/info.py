"""`ciplun info`: versions, paths, and where each setting came from."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Any

import click

import tui
from tui.cli.arguments import Command, settings, shared
from tui.cli.output import out
from tui.config import paths
from tui.config.settings import describe
from tui.exit_codes import ExitCode
from tui.text import plural
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
    for name, value, origin in describe(found):
        out(f"{name:<15} {value:<32} {origin}")
    names = masked(", ".join(found.profiles)) or "-"
    out(f"{plural(len(found.profiles), 'profile')}: {names}")
    return ExitCode.DONE
