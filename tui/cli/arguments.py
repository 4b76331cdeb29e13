"""What commands take: their options and arguments, checked before anything else happens."""

from __future__ import annotations

import os
import re
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click
from click.core import ParameterSource

import tui
from tui.cli import names
from tui.cli.output import complain, output
from tui.config.ages import UNITS, Age
from tui.config.settings import Options, Settings, load

F = TypeVar("F", bound=Callable[..., Any])
_LONGEST: Final = 1_000
"""Characters of a text that somebody gives: no name or selector is longer."""
_UNITS: Final = {"s": 1, **UNITS}
_SPAN: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smhdw])", re.ASCII)


def text(value: str) -> str:
    """A line of text: nothing that steers a terminal, no half of a character, not endless.

    Raises BadParameter.
    """
    if len(value) > _LONGEST:
        raise click.BadParameter(f"must have at most {_LONGEST} characters")
    for char in value:
        if unicodedata.category(char) in ("Cc", "Cs"):
            stray = "\udc80" <= char <= "\udcff"
            what = "a byte that is not UTF-8" if stray else f"the character U+{ord(char):04X}"
            raise click.BadParameter(f"must not have {what} in it")
    return value


class Number(click.IntRange):
    """A whole number from `low` to `high`."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__(low, high)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Raises BadParameter."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            self.fail(
                f"must be a whole number, {self.min} to {self.max}: not {value!r}", param, ctx
            )


class FilePath(click.Path):
    """A file's path, which is not empty."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """The path. Raises BadParameter."""
        if not os.fspath(value).strip():
            self.fail("must not be empty", param, ctx)
        return super().convert(value, param, ctx)


def span(value: str | float) -> float:
    """A span of time such as ``36h`` or ``7d``, in seconds. Raises BadParameter."""
    if isinstance(value, int | float):
        return float(value)
    if not value.strip():
        raise click.BadParameter("must not be empty")
    found = _SPAN.fullmatch(value.strip())
    if found is None:
        raise click.BadParameter(f"must be like 90s, 36h, 7d or 2w: not {value!r}")
    return float(found[1]) * _UNITS[found[2]]


def age(value: str | float) -> float:
    """The age of a snapshot such as ``36h``, in seconds. Raises BadParameter."""
    if isinstance(value, int | float):
        return float(value)
    if not value.strip():
        raise click.BadParameter("must not be empty")
    try:
        return float(Age.parse(value))
    except ValueError as error:
        raise click.BadParameter(f"{error}: not {value!r}") from None


def some_age(value: str | float) -> float:
    """An age as in `age`, but 0, which nothing ever reaches. Raises BadParameter."""
    found = age(value)
    if not found:
        raise click.BadParameter(f"{value!r} is no age: give one like 36h, 7d or 2w")
    return found


def check_timeout(timeout: float | None, *, waits: bool) -> None:
    """Refuse a limit for a wait that there is not. Raises UsageError."""
    if timeout is not None and not waits:
        context = click.get_current_context()
        raise click.UsageError("--timeout needs --wait", context)


def name(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """A snapshot's name by the published rule. Raises BadParameter."""
    from tui.fleet.writes.rules import name_problem

    if value.strip() and (problem := name_problem(value)):
        raise click.BadParameter(problem, ctx, param)
    return value


def moment(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """A time in ISO form, UTC where it has no zone, in seconds since 1970. Raises BadParameter."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise click.BadParameter("must be a time like 2025-01-23T18:30:00Z", ctx, param) from None


def since(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """A time as in `moment`, or how long ago it was. Raises BadParameter."""
    if value is not None and _SPAN.fullmatch(value.strip()):
        return time.time() - span(value)
    if value is not None and not value.strip():
        raise click.BadParameter("must not be empty", ctx, param)
    try:
        return moment(ctx, param, value)
    except click.BadParameter:
        words = "must be like 36h, 7d, 2025-01-23 or 2025-01-23T18:30:00Z"
        raise click.BadParameter(words, ctx, param) from None


def filled(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """A text that is not empty, if it is given at all. Raises BadParameter."""
    if value is not None and not value.strip():
        raise click.BadParameter("must not be empty", ctx, param)
    return text(value or "")


class Context(click.Context):
    """What a command is called with."""

    def exit(self, code: int = 0) -> NoReturn:
        """End here: click has printed what --help or --version asks for, and that is all."""
        output.is_all()
        output.write("")  # click passes over a stdout that is closed
        super().exit(code)


class Command(click.Command):
    """A command that takes no empty text: a shell's unset variable was meant to be something."""

    context_class = Context

    def invoke(self, ctx: click.Context) -> Any:
        """Run it. Raises UsageError."""
        for parameter in self.params:
            if parameter.name in ("profile", "url"):
                continue  # wherever they stand, the settings ask for them
            given = ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
            if given and _is_empty(ctx.params.get(parameter.name or "")):
                raise click.BadParameter("must not be empty", ctx, parameter)
        return super().invoke(ctx)


def _is_empty(value: object) -> bool:
    """Whether a value is a text without anything in it, or holds one."""
    if isinstance(value, tuple):
        return any(map(_is_empty, value))
    return isinstance(value, str) and not value.strip()


def shared(function: F) -> F:
    """The options that every command takes, before or after its name."""
    for option in (
        click.option("--read-only", is_flag=True, help="Change nothing: refuse all writes."),
        click.option("--url", metavar="URL", help="The API's address."),
        click.option(
            "--profile",
            shell_complete=names.profiles,
            metavar="NAME",
            help="A profile of the settings file.",
        ),
        click.option("--demo", is_flag=True, help="Use the embedded simulator: no account needed."),
        click.version_option(tui.__version__, prog_name="ciplun", message="%(prog)s %(version)s"),
    ):
        function = option(function)
    return function


def as_json(function: F) -> F:
    """The option of all commands that print something."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def sure(function: F) -> F:
    """The option of all commands that have something confirmed."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(function)


def dry_run(function: F) -> F:
    """The option of all commands that delete: see `planning.would`."""
    words = "Print what would be done, or why not, and send nothing."
    return click.option("--dry-run", is_flag=True, help=words)(function)


def make_room(function: F) -> F:
    """The option of all commands that need a free slot."""
    words = "If no slot is free, first delete the snapshot that is needed least."
    return click.option("--make-room", is_flag=True, help=words)(function)


def timeout(function: F) -> F:
    """The option that limits what --wait waits for, in seconds: see `check_timeout`."""
    words = "Wait at most this long: 90s, 30m."
    return click.option("--timeout", type=span, metavar="T", help=words)(function)


def of_server(words: str) -> Callable[[F], F]:
    """The option that names one server, which `words` explain."""
    return click.option(
        "--server",
        type=text,
        shell_complete=names.servers,
        required=True,
        metavar="NAME",
        help=words,
    )


def given_options(
    demo: bool,
    profile: str | None,
    url: str | None,
    read_only: bool,
    debug: bool = False,
    view: str = "",
) -> Options:
    """The options of a command over those given before its name."""
    context = click.get_current_context()
    above = context.parent.params if context.parent else {}
    return Options(
        profile=above.get("profile") if profile is None else profile,
        url=above.get("url") if url is None else url,
        read_only=read_only or bool(above.get("read_only")),
        demo=demo or bool(above.get("demo")),
        debug=debug,
        view=view,
    )


def settings(**given: Any) -> Settings:
    """The settings that the shared options lead to. Raises SettingsError."""
    from tui.fleet import policies

    narrow()
    found = load(given_options(**given), os.environ)
    policies.check(found)
    return found


def narrow() -> None:
    """Take from others what they could read of ours, and say so."""
    from tui.config import paths

    if narrowed := paths.narrow(os.environ):
        complain(narrowed)
