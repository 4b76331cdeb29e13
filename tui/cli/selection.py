"""The servers that a command is about: those it names, those a selector chooses, or all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from tui.cli import lookup, names
from tui.cli.arguments import text
from tui.cli.reading import Reading
from tui.cli.running import Stop
from tui.config.settings import Settings
from tui.exit_codes import ExitCode
from tui.fleet.health import Judge, Rules
from tui.fleet.matching import natural
from tui.fleet.scope import Scope
from tui.fleet.selectors import Selector, SelectorError, choose, compile_selector
from tui.fleet.state import ServerView

F = TypeVar("F", bound=Callable[..., Any])


def of_servers(function: F) -> F:
    """The servers that a command is about, and the option that takes a selector instead."""
    by_selector = click.option(
        "--on",
        type=text,
        shell_complete=names.selectors,
        metavar="SELECTOR",
        help="Instead of names: full, age>7d, group:prod, …",
    )
    by_name = click.argument("server", nargs=-1, type=text, shell_complete=names.servers)
    return by_name(by_selector(function))


class Selection:
    """What was asked for, understood before anything is read.

    Raises UsageError where it means nothing, or where nothing is named and `needed` says it must.
    """

    def __init__(
        self, settings: Settings, names: Sequence[str], on: str | None, *, needed: bool = False
    ) -> None:
        context = click.get_current_context(silent=True)
        if names and on is not None:
            raise click.UsageError("name servers or choose them by --on, not both", context)
        if needed and not names and on is None:
            raise click.UsageError("no server given: name servers or choose them by --on", context)
        self.rules = Rules.of(settings)
        self._names = names
        self._selector: Selector | None = None
        if on is not None:
            try:
                self._selector = compile_selector(on, self.rules.groups)
            except SelectorError as error:
                raise click.UsageError(f"--on: {error}", context) from None

    def uncertain(self, reading: Reading) -> bool:
        """Whether servers that were not seen, or not whole, may be among those chosen."""
        return self._selector is not None and not reading.complete

    def of(self, reading: Reading, now: float, *, none_ok: bool = False) -> list[ServerView]:
        """The servers, in the order of their names. Raises Stop where one is missing.

        Unless `none_ok`, also where a selector chooses none.
        """
        fleet = reading.fleet
        chosen: Sequence[ServerView] = list(fleet.servers.values())
        if self._names:
            chosen = lookup.servers(reading, self._names)
        elif self._selector is not None:
            try:
                chosen = choose(self._selector, Scope(fleet, now, Judge(self.rules)))
            except SelectorError as error:
                if not none_ok:
                    raise Stop(str(error), ExitCode.USAGE) from None
                chosen = []
        return sorted(chosen, key=lambda view: natural(view.server.name))
