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
from tui.cli.arguments import Command, as_json, settings, shared
from tui.cli.documents import iso
from tui.cli.output import out, out_json
from tui.config import paths
from tui.config.settings import Settings, describe
from tui.exit_codes import ExitCode
from tui.fleet.owner import memory_of
from tui.text import age, plural
from tui.vps.sanitize import clean
from tui.vps.token import masked

_PACKAGES = ("textual", "httpx", "humanize", "msgspec", "click", "starlette", "uvicorn")


@click.command(cls=Command)
@as_json
@shared
def command(as_json: bool, **given: Any) -> int:
    """Versions, paths, and which settings came from where. Never the token."""
    found = settings(**given)
    told = _told(found)
    if as_json:
        out_json({**told, "complete": True})
        return ExitCode.DONE
    out(f"ciplun {told['ciplun']}, Python {told['python']}")
    out(", ".join(f"{name} {number}" for name, number in told["packages"].items()))
    for name, path in told["paths"].items():
        out(f"{name:<15} {path}")
    out(f"{'memory':<15} {_memory_words(told['memory'])}")
    for setting in told["settings"]:
        out("{name:<15} {value:<32} {origin}".format_map(setting))
    out(f"{plural(len(found.profiles), 'profile')}: {', '.join(told['profiles']) or '-'}")
    return ExitCode.DONE


def _told(settings: Settings) -> dict[str, Any]:
    """All of it, for a bug report: nothing in it is secret."""
    files = {
        "settings": paths.config_file(os.environ),
        "journal": paths.journal_file(os.environ),
        "log": paths.log_file(os.environ),
        "styles": paths.STYLES,
    }
    return {
        "ciplun": tui.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "system": sys.platform,
        "terminal": clean(masked(os.environ.get("TERM", ""))),
        "packages": {name: version(name) for name in _PACKAGES},
        "paths": {name: masked(paths.tidy(path, os.environ)) for name, path in files.items()},
        "memory": _memory(settings),
        "settings": [
            {"name": name, "value": value, "origin": origin}
            for name, value, origin in describe(settings)
        ],
        "profiles": [masked(name) for name in settings.profiles],
    }


def _memory(settings: Settings) -> dict[str, Any] | None:
    """Where the last known fleet is kept, how old it is, and how large; None where none is."""
    if settings.demo or not settings.remember:
        return None
    memory = memory_of(settings, os.environ)
    found = memory.glance(time.time())
    return {
        "path": masked(paths.tidy(memory.path, os.environ)),
        "trouble": memory.trouble,
        "as_of": None if found is None else iso(found.head.as_of),
        "servers": None if found is None else found.head.totals.servers,
        "bytes": None if found is None else found.size,
    }


def _memory_words(told: dict[str, Any] | None) -> str:
    """The same in a line."""
    if told is None:
        return "nothing is remembered"
    if told["as_of"] is None:
        why = f"not used: {told['trouble']}" if told["trouble"] else "nothing yet"
        return f"{told['path']}  {why}"
    when = age(datetime.fromisoformat(told["as_of"]), datetime.now(UTC))
    size = f"{told['bytes'] / 1024:,.0f} KB"
    return f"{told['path']}  {plural(told['servers'], 'server')}, {when}, {size}"
