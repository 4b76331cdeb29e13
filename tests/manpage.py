"""Writes the manual page ``tui/docs/ciplun.1`` from the commands: ``python -m tests.manpage``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from tui.cli.main import ciplun
from tui.exit_codes import ExitCode

FILE = Path(__file__).resolve().parent.parent / "tui" / "docs" / "ciplun.1"
EXITS = {
    ExitCode.DONE: "It is done.",
    ExitCode.FAILED: "It failed, and a message says why.",
    ExitCode.USAGE: "Wrong usage. Nothing was sent.",
    ExitCode.UNKNOWN: "A write was sent, and what became of it cannot be told yet.",
    ExitCode.NOT_AUTHORISED: "The token is missing, unknown, or not allowed to do that.",
    ExitCode.INTERRUPTED: "It was interrupted (ctrl-c).",
    ExitCode.TERMINATED: "It was ended by SIGTERM.",
}
ENVIRONMENT = {
    "VPS_API_TOKEN": "The API token. It is never an argument.",
    "VPS_API_URL": "The API's address.",
    "CIPLUN_…": "Each setting of the settings file, in capitals, such as CIPLUN_PROFILE.",
    "CIPLUN_CONFIG": "Another settings file; /dev/null is an empty one.",
    "NO_COLOR": "Without colour.",
    "CIPLUN_ASCII": "1: only ASCII characters; 0: all of them, whatever LANG and TERM say.",
    "CIPLUN_CURSOR": "1: the terminal's own cursor stands on what is chosen.",
    "SSL_CERT_FILE": "Authorities of your own; certificates are always checked.",
    "HTTPS_PROXY": "The proxy for https.",
}
FILES = {
    "~/.config/ciplun/config.toml": "The settings.",
    "~/.local/state/ciplun/": "The journal of all writes, the log, a saved token: for you alone.",
    "~/.vps/config.json": "What the provider's own tool keeps; read if nothing else gives a token.",
}


def escaped(text: str) -> str:
    """Text that roff takes as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def paragraphs(help_text: str) -> Iterator[str]:
    """The lines of a command's help: what click may not wrap, and `code` in bold."""
    for number, block in enumerate(re.split(r"\n\s*\n", inspect.cleandoc(help_text))):
        if number:
            yield ".PP"
        if block.startswith("\b"):
            lines = block.splitlines()[1:]
            yield from (".nf", *(escaped(line.strip()) for line in lines), ".fi")
        else:
            text = escaped(" ".join(block.split()))
            yield re.sub(r"`([^`]+)`", r"\\fB\1\\fR", text)


def option(parameter: click.Option) -> Iterator[str]:
    """An option with its value and what it does."""
    names = ", ".join(f"\\fB{escaped(name)}\\fR" for name in parameter.opts)
    takes = not (parameter.is_flag or parameter.count)
    value = f" \\fI{escaped(parameter.make_metavar(click.Context(ciplun)))}\\fR" if takes else ""
    yield from (".TP", names + value, escaped(parameter.help or ""))


def synopsis(context: click.Context) -> str:
    """How a command is called."""
    words = context.command.collect_usage_pieces(context)
    name = f"\\fBciplun {escaped(context.info_name or '')}\\fR"
    return " ".join((name, *(f"\\fI{escaped(word)}\\fR" for word in words)))


def options_of(command: click.Command, without: frozenset[str] = frozenset()) -> list[click.Option]:
    """The options of a command's own."""
    found = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    return [parameter for parameter in found if parameter.name not in without]


def terms(items: dict[str, str]) -> Iterator[str]:
    """A list of terms and what they mean."""
    for term, meaning in items.items():
        yield from (".TP", f"\\fB{escaped(term)}\\fR", escaped(meaning))


def page() -> str:
    """The whole page."""
    shared = options_of(ciplun)
    everywhere = frozenset(parameter.name or "" for parameter in shared)
    lines = [
        '.\\" Made from the commands by python -m tests.manpage',
        '.TH CIPLUN 1 "" "ciplun" "User Commands"',
        ".SH NAME",
        "ciplun \\- every VPS.org snapshot on one screen",
        ".SH SYNOPSIS",
        "\\fBciplun\\fR [\\fIOPTIONS\\fR] [\\fICOMMAND\\fR [\\fIARGUMENTS\\fR]]",
        ".SH DESCRIPTION",
        *paragraphs(ciplun.help or ""),
        ".SH OPTIONS",
        "Every command takes them, before or after its name, but for \\fB\\-\\-debug\\fR.",
    ]
    for parameter in shared:
        lines += option(parameter)
    lines += [".TP", "\\fB\\-h\\fR, \\fB\\-\\-help\\fR", "Show what there is, and exit."]
    lines.append(".SH COMMANDS")
    above = click.Context(ciplun, info_name="ciplun")
    for name in ciplun.list_commands(above):
        command = ciplun.get_command(above, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=above)
        lines += [".SS " + escaped(name), synopsis(context), ".PP"]
        lines += paragraphs(command.help or "")
        for parameter in options_of(command, everywhere):
            lines += option(parameter)
    lines.append(".SH EXIT STATUS")
    lines += terms({str(code.value): meaning for code, meaning in EXITS.items()})
    lines.append(".PP")
    lines.append(
        "\\fBcheck\\fR has the codes of monitoring plug\\-ins: 0 ok, 1 warning, 2 critical, "
        "3 unknown."
    )
    lines += [".SH ENVIRONMENT", *terms(ENVIRONMENT), ".SH FILES", *terms(FILES)]
    return "\n".join(line for line in lines if line) + "\n"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
