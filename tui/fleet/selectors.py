"""One small language that chooses servers and snapshots: in the filter, views and commands.

Words are ANDed. A word is a text that is part of the row, a pattern (``web-*``), a state
(``full``), a comparison (``age>7d``) or a field (``loc:fra``); ``!`` before it means not, and
quotes make a text of anything. What does not mean anything is said, with what would be right.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from tui.fleet.groups import Groups
from tui.fleet.matching import fold, is_pattern, pattern
from tui.fleet.scope import Scope, text_of_snapshot
from tui.fleet.selector_terms import FIELDS, STATES, SelectorError, Term, comparison, hint
from tui.fleet.selector_terms import field as known_field
from tui.fleet.state import ServerView
from tui.vps.sanitize import clean

__all__ = ["Selector", "SelectorError", "choose", "compile_selector", "parse"]
LONGEST: Final = 500
"""Characters of a selector."""


class Selector(msgspec.Struct, frozen=True):
    """A text that was understood as far as `problem` does not say otherwise.

    `words` are the plain texts in it, folded; `terms` has all else. A `hint` says what a text was
    perhaps meant to be.
    """

    text: str
    terms: tuple[Term, ...] = ()
    words: tuple[str, ...] = ()
    problem: str = ""
    hint: str = ""

    def __bool__(self) -> bool:
        return bool(self.terms or self.words)

    def server(self, view: ServerView, scope: Scope) -> bool:
        """Whether a server is chosen."""
        if self.words:
            text = scope.texts.server(view)
            if not all(word in text for word in self.words):
                return False
        return all(term.server(view, scope) for term in self.terms)

    def of_its_server(self, view: ServerView, scope: Scope) -> bool:
        """Whether the snapshots of a server can be chosen, by what is said of the server alone."""
        return all(term.server(view, scope) for term in self.terms if term.snapshot is None)

    def is_exact(self, text: str) -> bool:
        """Whether a word of it is a whole name, address or id in a folded text."""
        return any(line in text for line in self.lines)

    @property
    def lines(self) -> Sequence[str]:
        """The words as they stand in a text whose name, address or id they are."""
        return [f"\n{word}\n" for word in self.words]


def compile_selector(text: str, groups: Groups) -> Selector:
    """The selector. Raises SelectorError for one that means nothing, or nothing at all."""
    found = parse(text, groups)
    if found.problem:
        raise SelectorError(found.problem)
    if not found:
        raise SelectorError("a selector must not be empty; name:* is everything")
    return found


def choose(selector: Selector, scope: Scope) -> Sequence[ServerView]:
    """The servers that a command means, in no order. Raises SelectorError where there is none."""
    found = [view for view in scope.fleet.servers.values() if selector.server(view, scope)]
    if not found:
        hint = f"; {selector.hint}" if selector.hint else ""
        raise SelectorError(f"no server matches {clean(selector.text, 100)!r}{hint}")
    return found


@functools.lru_cache(maxsize=64)
def parse(text: str, groups: Groups) -> Selector:
    """The selector as far as it is understood: what is not is left out, and said."""
    terms: list[Term] = []
    words: list[str] = []
    problem = meant = ""
    if len(text) > LONGEST:
        return Selector(text, problem=f"a selector has at most {LONGEST} characters")
    for word in _split(text):
        try:
            found = _term(word, groups)
        except SelectorError as error:
            problem = problem or str(error)
            continue
        if isinstance(found, str):
            words.append(found)
            meant = meant or hint(found, STATES)
        else:
            terms.append(found)
    return Selector(text, tuple(terms), tuple(words), problem, meant)


class _Word(NamedTuple):
    negated: bool
    quoted: bool
    text: str


_WORD: Final = re.compile(r'(!)(?=\s|$)|(!?)((?:[^\s"]|"[^"]*"?)+)')


def _split(text: str) -> Iterator[_Word]:
    """The words, of which a quote makes plain text."""
    for found in _WORD.finditer(text):
        word = found[3] or ""
        plain = " ".join(word.replace('"', "").split())
        yield _Word(bool(found[1] or found[2]), '"' in word, plain)


_COMPARISON: Final = re.compile(r"([A-Za-z_]*)(>=|<=|>|<|=)(.*)")
_FIELD: Final = re.compile(r"([A-Za-z_]+):(.*)")
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


def _term(word: _Word, groups: Groups) -> Term | str:
    """What a word means; a text is the plain word. Raises SelectorError."""
    if not word.text:
        raise SelectorError("! needs a word after it" if word.negated else "quotes need a text")
    found = fold(word.text) if word.quoted else _meaning(word.text, groups)
    if not word.negated:
        return found
    return (_contains(found) if isinstance(found, str) else found).negated()


def _meaning(text: str, groups: Groups) -> Term | str:
    state = STATES.get(text.lower())
    if state is not None:
        return state
    compared = _COMPARISON.fullmatch(text)
    if compared is not None:
        return comparison(compared[1].lower(), compared[2], compared[3])
    field = _FIELD.fullmatch(text)
    if field is not None and (field[1].lower() in FIELDS or not _ADDRESS.fullmatch(text)):
        return known_field(field[1].lower(), field[2], groups)
    return _plain(text)


def _plain(text: str) -> Term | str:
    folded = fold(text)
    if not is_pattern(folded):
        return folded
    test = _lines(pattern(folded))
    return Term(
        lambda view, scope: test(scope.texts.server(view)),
        lambda row, scope: test(text_of_snapshot(row)),
    )


def _lines(test: Callable[[str], bool]) -> Callable[[str], bool]:
    """Whether one of a text's lines passes."""
    return lambda text: any(test(line) for line in text.split("\n") if line)


def _contains(word: str) -> Term:
    return Term(
        lambda view, scope: word in scope.texts.server(view),
        lambda row, scope: word in text_of_snapshot(row),
    )
