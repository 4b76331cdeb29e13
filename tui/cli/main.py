"""The command line: options and arguments. What the commands do is in `tui.cli.read`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

import click
from click.core import ParameterSource

import tui
from tui.cli.simulator import EXAMPLES, simulator
from tui.config.file import SettingsError
from tui.config.settings import Options, Settings, load
from tui.exit_codes import ExitCode
from tui.vps.sanitize import clean
from tui.vps.token import masked

_LONGEST = 1_000
"""Characters of a line about what is wrong."""


class Command(click.Command):
    """A command that takes no empty text: a shell's unset variable was meant to be something."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it. Raises UsageError."""
        for parameter in self.params:
            if parameter.name in ("profile", "url"):
                continue  # wherever they stand, the settings ask for them
            given = ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
            if given and _is_empty(ctx.params.get(parameter.name or "")):
                raise click.UsageError(f"{parameter.get_error_hint(ctx)} must not be empty", ctx)
        return super().invoke(ctx)


def _is_empty(value: object) -> bool:
    """Whether a value is a text without anything in it, or holds one."""
    if isinstance(value, tuple):
        return any(map(_is_empty, value))
    return isinstance(value, str) and not value.strip()


def run(arguments: Sequence[str]) -> int:
    """Run the program and return its exit code."""
    try:
        result = ciplun.main(list(arguments), prog_name="ciplun", standalone_mode=False)
    except SettingsError as error:
        return _complain(str(error), ExitCode.USAGE)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        if error.ctx and _is_check(error.ctx, arguments):
            return _unknown(error.format_message())
        hint = f"; try `{error.ctx.command_path} --help`" if error.ctx else ""
        return _complain(f"{error.format_message()}{hint}", ExitCode.USAGE)
    except click.ClickException as error:
        return _complain(error.format_message(), ExitCode.FAILED)
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # whoever read the output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ExitCode.FAILED
    except Exception as error:
        return _complain(_apology(error), ExitCode.FAILED)
    return result if isinstance(result, int) else 0


def _is_check(context: click.Context, arguments: Sequence[str]) -> bool:
    """Whether a usage error is one of `check`, or of the options before it."""
    return context.info_name == "check" or (context.parent is None and "check" in arguments)


def _unknown(text: str) -> int:
    """What `check` says and ends with where it could not judge."""
    print(f"SNAPSHOTS UNKNOWN - {clean(masked(text))}")  # noqa: T201
    return ExitCode.UNKNOWN


def _complain(text: str, code: int) -> int:
    print(f"ciplun: {clean(masked(text), _LONGEST)}", file=sys.stderr)  # noqa: T201
    return code


def _apology(error: Exception) -> str:
    """One line about an error nobody foresaw; all else goes to the log, without any token."""
    from tui.config import paths
    from tui.terminal import logs

    file = paths.log_file(os.environ)
    kept = logs.configure(file)
    logging.getLogger(__name__).critical("an unforeseen error ended a command", exc_info=error)
    where = f"; the details are in {paths.tidy(file, os.environ)}" if kept else ""
    return f"sorry, an unforeseen error ended it ({type(error).__name__}){where}"


def _shared(function: Any) -> Any:
    """The options that every command takes, before or after its name."""
    for option in (
        click.option("--read-only", is_flag=True, help="Refuse everything that changes anything."),
        click.option("--url", metavar="URL", help="The API's address."),
        click.option("--profile", metavar="NAME", help="A profile of the settings file."),
        click.option("--demo", is_flag=True, help="Use the embedded simulator: no account needed."),
        click.version_option(tui.__version__, prog_name="ciplun", message="%(prog)s %(version)s"),
    ):
        function = option(function)
    return function


def _options(demo: bool, profile: str | None, url: str | None, read_only: bool) -> Options:
    """The options of a command over those given before its name."""
    context = click.get_current_context()
    above = context.parent.params if context.parent else {}
    return Options(
        profile=above.get("profile") if profile is None else profile,
        url=above.get("url") if url is None else url,
        read_only=read_only or bool(above.get("read_only")),
        demo=demo or bool(above.get("demo")),
    )


def _settings(**shared: Any) -> Settings:
    _narrow()
    return load(_options(**shared), os.environ)


def _narrow() -> None:
    """Take from others what they could read of ours, and say so."""
    from tui.config import paths

    if narrowed := paths.narrow(os.environ):
        _complain(narrowed, ExitCode.DONE)


def _do(work: Coroutine[Any, Any, int]) -> int:
    import asyncio

    from tui.config import paths
    from tui.terminal import logs

    logs.configure(paths.log_file(os.environ))
    return asyncio.run(work)


class Commands(click.Group):
    """The commands, each of which takes no empty text."""

    command_class = Command


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@_shared
@click.option("--debug", is_flag=True, help="Show and log how late the event loop is.")
@click.pass_context
def ciplun(context: click.Context, /, debug: bool, **shared: Any) -> int | None:
    """Every VPS.org snapshot on one screen. Without a command it opens the dashboard.

    The API token is never an argument: see `ciplun info`.
    """
    if context.invoked_subcommand is not None:
        return None
    from tui.cli.dashboard import open_dashboard

    _narrow()
    return open_dashboard(replace(_options(**shared), debug=debug), os.environ)


@ciplun.command("list")
@click.argument("server", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_shared
def list_command(server: str | None, as_json: bool, **shared: Any) -> int:
    """Print servers and their snapshots, of all servers or of one (name or id)."""
    from tui.cli import read

    return _do(read.list_snapshots(_settings(**shared), server, as_json=as_json))


@ciplun.command()
@click.argument("server")
@click.argument("name")
@click.option("--description", default="", help="Why it is taken.")
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@_shared
def create(server: str, name: str, description: str, wait: bool, **shared: Any) -> int:
    """Create the snapshot NAME of SERVER (name or id)."""
    from tui.cli import read

    return _do(read.create(_settings(**shared), server, name, description, wait=wait))


@ciplun.command()
@click.argument("snapshot_id")
@click.option("--server", required=True, metavar="NAME", help="Its server, by name or id.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@_shared
def restore(snapshot_id: str, server: str, yes: bool, wait: bool, **shared: Any) -> int:
    """Overwrite a server with one of its snapshots. Cannot be undone."""
    from tui.cli import read

    settings = _settings(**shared)
    return _do(read.restore(settings, snapshot_id, server, sure=yes, wait=wait))


@ciplun.command()
@click.argument("snapshot_id")
@click.option("--server", required=True, metavar="NAME", help="Its server, by name or id.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_shared
def delete(snapshot_id: str, server: str, yes: bool, **shared: Any) -> int:
    """Delete a snapshot for good."""
    from tui.cli import read

    return _do(read.delete(_settings(**shared), snapshot_id, server, sure=yes))


@ciplun.command()
@click.option("--max-age", default="7d", metavar="AGE", help="How old is fresh: 36h, 7d, 2w.")
@_shared
def check(max_age: str, **shared: Any) -> int:
    """One line and an exit code for monitoring: 0 ok, 1 warning, 2 critical, 3 unknown."""
    from tui.cli import read

    try:
        settings = _settings(**shared)
        seconds = read.parse_age(max_age)
    except (SettingsError, ValueError) as error:
        return _unknown(str(error))
    try:
        return _do(read.check(settings, seconds))
    except Exception as error:
        return _unknown(_apology(error))


@ciplun.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_shared
def history(as_json: bool, **shared: Any) -> int:
    """What was done on this machine, when, and how it ended."""
    from tui.cli import read

    settings = _settings(**shared)
    return _do(read.history(settings, os.environ, as_json=as_json))


@ciplun.command()
@_shared
def info(**shared: Any) -> int:
    """Versions, paths, and which settings came from where. Never the token."""
    from tui.cli import read

    return read.info(_settings(**shared), os.environ)


ciplun.command(epilog=EXAMPLES)(simulator)
