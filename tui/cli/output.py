"""What commands print, however closed, full or broken the place is where it goes to."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, Final, TextIO

import msgspec

from tui.exit_codes import ExitCode
from tui.vps.sanitize import clean
from tui.vps.token import masked

LONGEST: Final = 1_000
"""Characters of a line about what is wrong."""


class Output:
    """Whether all that was printed to stdout since the last `begin` has got there.

    A reader that has enough of it (a broken pipe) is no trouble, and is not told anything.
    """

    def __init__(self) -> None:
        self._lost: Exception | None = None
        self._closed = False
        self._document: dict[str, list[Any]] | None = None
        self._aside = False
        self._complaint = ""
        self.only = False
        self.documented = False
        """Whether a document has been printed."""
        self.in_lines = False
        """Whether each document takes one line, as it does where several may come."""
        self.standing = ""
        """The line on a terminal that rewrites itself, as long as nothing was said after it."""

    def begin(self) -> None:
        """Forget what was lost before."""
        self._lost, self._closed, self._document, self._aside = None, False, None, False
        self._complaint = ""
        self.only = self.in_lines = self.documented = False

    def is_all(self) -> None:
        """Nothing else is done but to print: what is not printed is not done."""
        self.only = True

    def aside(self) -> None:
        """Print lines to stderr from now on: stdout is somebody else's."""
        self._aside = True

    def gather(self) -> None:
        """Print nothing from now on but one document, at the end."""
        self._document = {"lines": [], "errors": []}

    def complain(self, text: str, *, once: bool = False) -> None:
        """Print a line to stderr and have it in the document; `once`: not right after the same."""
        if once and text == self._complaint:
            return
        self._complaint = text
        self.note("errors", text)
        tell(f"ciplun: {text}\n")

    def note(self, key: str, value: Any) -> None:
        """Add something to a list of the document, where one is gathered."""
        if self._document is not None:
            self._document.setdefault(key, []).append(value)

    def line(self, text: str) -> None:
        """Print a line, or have it in the document."""
        if self._document is not None:
            self._document["lines"].append(text)
        elif self._aside:
            tell(f"{text}\n")
        else:
            self.write(f"{text}\n")

    def end(self, **values: Any) -> None:
        """Print the document that was gathered, with these values first."""
        document, self._document = self._document or {}, None
        out_json({**values, **document})

    def write(self, text: str, *, flush: bool = True) -> None:
        """Print a text that has its line ends. Raises nothing."""
        stream = sys.stdout
        if stream is None or self._lost is not None:
            self._closed = True
            return
        encoding = stream.encoding or "utf-8"
        try:
            stream.write(text.encode(encoding, "replace").decode(encoding))
            if flush:
                stream.flush()
        except (OSError, ValueError) as error:
            self.lose(error)

    def lose(self, error: Exception) -> None:
        """Take note that something was not printed."""
        self._lost = error
        if sys.stdout is not None:
            _give_up(sys.stdout)

    def trouble(self) -> str:
        """Why not all of it was printed, in a phrase; empty where it was.

        What a reader did not want is "a broken pipe".
        """
        if self._lost is None and sys.stdout is not None:
            self.write("")
        if isinstance(self._lost, BrokenPipeError):
            return BROKEN_PIPE
        if isinstance(self._lost, OSError):
            return self._lost.strerror or "it cannot be written to"
        return "it is closed" if self._lost or self._closed else ""


BROKEN_PIPE: Final = "a broken pipe"
output: Final = Output()


def _give_up(stream: TextIO) -> None:
    """Send to nowhere what is still to come: the interpreter would end in an error of its own."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def out(text: str) -> None:
    """Print a line, whatever the locale can encode."""
    output.line(text)


def out_lines(lines: list[str]) -> None:
    """Print many lines at once."""
    output.write("".join(f"{line}\n" for line in lines), flush=False)


def out_json(value: Any) -> None:
    """Print something as JSON for people and programs."""
    output.documented = True
    encoded = msgspec.json.encode(value)
    text = encoded if output.in_lines else msgspec.json.format(encoded)
    output.write(f"{text.decode()}\n")


def complain(text: str) -> None:
    """Print a line to stderr, if anybody can read it there."""
    output.complain(clean(masked(text), LONGEST))


def fail(text: str, code: int, *, as_json: bool) -> int:
    """Print why a command ends, with `as_json` in a document with what was gathered, too.

    Returns the code.
    """
    text = clean(masked(text), LONGEST)
    output.complain(text, once=True)
    if as_json and (output.in_lines or not output.documented):
        output.end(complete=False, error=text, exit_code=code)
    return code


def plain(text: str) -> str:
    """A text in which nothing can be taken for performance data, and nothing is a token."""
    return masked(text).replace("|", "/")


def unknown(text: str, *, as_json: bool) -> int:
    """Say as a monitoring plug-in why there is no verdict, with `as_json` as others do.

    Returns the code.
    """
    if as_json:
        return fail(text, ExitCode.UNKNOWN, as_json=True)
    out(f"SNAPSHOTS UNKNOWN - {clean(plain(text), LONGEST)}")
    return ExitCode.UNKNOWN


def rewrite(line: str) -> None:
    """Show a line on stderr, in place of the last such one; it makes room for whatever is told."""
    shown = output.standing
    if line != shown:
        output.standing = ""
        tell(f"\r{line.ljust(len(shown))}" if line else _cleared(shown))
        output.standing = line


def _cleared(shown: str) -> str:
    return f"\r{' ' * len(shown)}\r"


def tell(text: str) -> None:
    """Write a text of our own to stderr, if anybody can read it there."""
    shown, output.standing = output.standing, ""
    if shown:
        text = f"{_cleared(shown)}{text}"
    stream = sys.stderr
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        _give_up(stream)
