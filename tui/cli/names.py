"""What a shell can complete besides commands and options: from files of ours, without a request."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from tui.config.settings import Settings
    from tui.fleet.state import ServerView
    from tui.vps.models import Snapshot

_MOST: Final = 200
"""Words that are offered at once."""
_PLAIN: Final = re.compile(r"\w[\w.@%+=:,/-]*")
"""Words that are one in every shell. The service chose the names: a shell would run `$(…)`."""
_WORDS: Final = ("full", "none", "stale", "failed", "busy", "problem", "protected")


def profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The profiles of the settings file."""
    found = _settings(ctx)
    return _offered(dict.fromkeys(found.profiles, "") if found else {}, incomplete)


def policies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The retention policies of the settings file, with the servers that each is for."""
    found = _settings(ctx)
    return _offered({n: p.on for n, p in found.policies.items()} if found else {}, incomplete)


def views(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The views that the dashboard can be opened in, with the selector of each."""
    from tui.fleet.views import MONITOR
    from tui.fleet.views import views as known

    found = _settings(ctx)
    own = found.views if found else {}
    named = {view.name.lower(): view.selector for view in known(own)}
    return _offered({**named, MONITOR: ""}, incomplete)


def selectors(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The beginnings of a selector: words of state, and the groups of the settings file."""
    found = _settings(ctx)
    groups = [f"group:{name}" for name in found.groups] if found else []
    return _offered(dict.fromkeys((*_WORDS, *groups), ""), incomplete)


def servers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The servers known last, by name; by id where digits were typed."""
    known = [view.server for view in _known(ctx)]
    if incomplete.isdecimal():
        return _offered({str(s.id): s.name for s in known}, incomplete)
    return _offered({s.name: f"#{s.id}" for s in known}, incomplete)


def snapshots(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of the snapshots known last, the newest first; of one server where it is named."""
    wanted = ctx.params.get("server")
    found: list[tuple[Snapshot, str]] = [
        (snapshot, view.server.name)
        for view in _known(ctx)
        if not isinstance(wanted, str) or wanted in (view.server.name, str(view.server.id))
        for snapshot in view.snapshots
    ]
    found.sort(key=lambda pair: -(pair[0].created_at.timestamp() if pair[0].created_at else 0))
    return _offered({str(s.id): f"{s.name} of {name}" for s, name in found}, incomplete)


def _offered(words: Mapping[str, str], incomplete: str) -> list[CompletionItem]:
    fitting = [w for w in words if w.startswith(incomplete) and _PLAIN.fullmatch(w)]
    return [CompletionItem(word, help=words[word] or None) for word in fitting[:_MOST]]


def _settings(ctx: click.Context) -> Settings | None:
    """The settings that the words so far lead to; None where they lead to none."""
    from tui.config.file import SettingsError
    from tui.config.settings import Options, load

    given: dict[str, Any] = {}
    for params in (ctx.parent.params if ctx.parent else {}, ctx.params):
        given |= {name: value for name, value in params.items() if value}
    demo = bool(given.get("demo"))
    try:
        return load(Options(given.get("profile"), given.get("url"), demo=demo), os.environ)
    except (SettingsError, OSError):
        return None


def _known(ctx: click.Context) -> Iterable[ServerView]:
    from tui.config.credentials import TokenError
    from tui.fleet.memory import Unusable
    from tui.fleet.owner import known

    found = _settings(ctx)
    if found is None or found.demo or not found.remember:
        return ()
    try:
        remembered = known(found, os.environ, time.time())
    except (TokenError, Unusable):
        return ()
    return remembered.views.values() if remembered else ()
