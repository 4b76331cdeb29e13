"""The command line: which commands there are, and the exit code that each way to end has."""

from __future__ import annotations

import errno
import importlib
import itertools
import logging
import os
from collections.abc import Sequence
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from tui.cli import arguments, names
from tui.cli.output import BROKEN_PIPE, complain, fail, output, tell, unknown
from tui.config.file import SettingsError
from tui.config.fitting import meant
from tui.exit_codes import ExitCode

COMMANDS: Final = {
    "list": "listing",
    "create": "create",
    "restore": "restore",
    "delete": "delete",
    "ensure": "ensure",
    "prune": "prune",
    "guard": "guard",
    "apply": "apply",
    "wait": "wait",
    "settle": "settle",
    "over": "over",
    "protect": "protect:protect",
    "unprotect": "protect:unprotect",
    "check": "check",
    "metrics": "metrics",
    "watch": "watch",
    "history": "history",
    "info": "info",
    "simulator": "simulator",
    "completion": "completion",
}
"""Each command, and the module that has it (as `command`, or after a colon): loaded when called."""


class Commands(click.Group):
    """The commands by name."""

    context_class = arguments.Context
    called: str = ""
    """The command that was called last, once that is known."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words begin with, which is remembered."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = meant(args[0], COMMANDS)
            ctx.fail(f"no such command {args[0]!r}" + (f"; {hint}" if hint else ""))
        name, command, rest = super().resolve_command(ctx, args)
        self.called = name or ""
        output.in_lines = name in IN_LINES
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. What ends the line of the terminal's ``^C`` is for stderr alone."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # without a stderr click would write it to stdout
            tell("\n")
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order in which they are shown."""
        return list(COMMANDS)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and options; the commands stay unloaded, for somebody has pressed a key."""
        found = [CompletionItem(name) for name in COMMANDS if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(
            importlib.import_module(f"tui.cli.{module}"), name or "command"
        )
        return found


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@arguments.shared
@click.option(
    "--view",
    callback=arguments.filled,
    shell_complete=names.views,
    metavar="NAME",
    help="Open the dashboard in this view (problems, failed, one of the settings), or the monitor.",
)
@click.option("--debug", is_flag=True, help="Show and log how late the event loop is.")
@click.pass_context
def ciplun(context: click.Context, /, **given: Any) -> int | None:
    """Every VPS.org snapshot on one screen. Without a command it opens the dashboard.

    The API token is never an argument: see `ciplun info`.
    """
    if context.invoked_subcommand is not None:
        return None
    from tui.cli.dashboard import open_dashboard

    arguments.narrow()
    return open_dashboard(arguments.given_options(**given), os.environ)


IN_LINES: Final = ("watch", "simulator")
"""The commands whose JSON is an object a line."""
DOING: Final = frozenset(
    {
        *("create", "restore", "delete", "ensure", "prune", "guard", "apply"),
        *("settle", "over", "protect", "unprotect", "wait"),
    }
)
"""The commands whose exit code tells what was done, printed or not."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


def run(words: Sequence[str]) -> int:
    """Run the program and return its exit code, which tells what was done.

    Output that could not be written changes it only where printing was all there was to do.
    """
    output.begin()
    logging.raiseExceptions = False  # with no log yet, nothing is printed between the lines
    logging.lastResort = None
    ciplun.called = ""
    code = _run(words)
    trouble = output.trouble()
    if trouble and trouble != BROKEN_PIPE:
        complain(f"not all of the output could be written: {trouble}")
    printed = output.only or (ciplun.called and ciplun.called not in DOING)  # and nothing else
    if trouble and code == ExitCode.DONE and printed:
        return ExitCode.UNKNOWN if ciplun.called == "check" else ExitCode.FAILED
    return code


def _run(words: Sequence[str]) -> int:
    try:
        result = ciplun.main(list(words), prog_name="ciplun", standalone_mode=False)
    except SettingsError as error:
        return _wrong(words, str(error), ExitCode.USAGE)
    except click.UsageError as error:
        return _wrong(words, _misused(error, advise=not _is_check(words)), ExitCode.USAGE)
    except click.ClickException as error:
        return _wrong(words, error.format_message(), ExitCode.FAILED)
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
            output.is_all()  # --help or --version: nothing else does click print
            output.lose(error)
            return ExitCode.DONE
        return _wrong(words, apology(error), ExitCode.FAILED)
    return result if isinstance(result, int) else 0


def _misused(error: click.UsageError, *, advise: bool) -> str:
    """What is wrong with the words that were given, and where the right ones are told."""
    text = error.format_message().rstrip(".")
    if type(error) is click.BadParameter and error.param is not None:
        where = error.param.get_error_hint(error.ctx or click.Context(ciplun))
        text = f"{where}: {error.message.rstrip('.')}".replace("'", "", where.count("'"))
    if not advise or error.ctx is None:
        return text
    help_of = f"`{error.ctx.command_path} --help`"
    return f"{text} Try {help_of}" if text.endswith("?") else f"{text}; try {help_of}"


def _is_check(words: Sequence[str]) -> bool:
    """Whether monitoring called, as far as that can be told from words that may be wrong."""
    return ciplun.called == "check" or (not ciplun.called and "check" in words)


def _wrong(words: Sequence[str], text: str, code: int) -> int:
    """Say what is wrong where whoever called looks for it."""
    as_json = "--json" in itertools.takewhile(lambda word: word != "--", words)
    return unknown(text, as_json=as_json) if _is_check(words) else fail(text, code, as_json=as_json)


def apology(error: Exception) -> str:
    """One line about an error nobody foresaw; all else goes to the log, without any token."""
    from tui.config import paths
    from tui.terminal import logs

    file = paths.log_file(os.environ)
    kept = logs.configure(file)
    logging.getLogger(__name__).critical("an unexpected error ended a command", exc_info=error)
    where = f"; the details are in {paths.tidy(file, os.environ)}" if kept else ""
    return f"sorry, an unexpected error ended the command ({type(error).__name__}){where}"
