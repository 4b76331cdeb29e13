"""One small language that chooses servers and snapshots: in the filter, views and commands.

Words are ANDed. A word is a text that is part of the row, a pattern (``web-*``), a state
(``full``), a comparison (``age>7d``) or a field (``loc:fra``); ``!`` before it means not, and
quotes make a text of anything. What does not mean anything is said, with what would be right.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tui.config.ages import Age
from tui.fleet.groups import Groups
from tui.fleet.matching import fold, is_pattern, pattern
from tui.fleet.scope import Scope, text_of_snapshot
from tui.fleet.state import ServerView
from tui.vps.models import SLOTS, Phase, Snapshot
from tui.vps.sanitize import clean

LONGEST: Final = 500
"""Characters of a selector."""
OfServer = Callable[[ServerView, Scope], bool]
OfSnapshot = Callable[[Snapshot, Scope], bool]


class SelectorError(ValueError):
    """A selector that means nothing: one sentence, with what would be right."""


class Term(NamedTuple):
    """One word: what it says of a server, and of a snapshot where that is something else.

    Without `snapshot` a snapshot is judged by its server.
    """

    server: OfServer
    snapshot: OfSnapshot | None = None

    def negated(self) -> Term:
        """The opposite."""
        server, snapshot = self.server, self.snapshot
        if snapshot is None:
            return Term(lambda view, scope: not server(view, scope))
        return Term(
            lambda view, scope: not server(view, scope),
            lambda row, scope: not snapshot(row, scope),
        )


@dataclass(frozen=True, slots=True)
class Selector:
    """A text that was understood as far as `problem` does not say otherwise.

    `words` and `patterns` are the plain texts in it, folded, which `terms` does not have again. A
    `hint` says what a text was perhaps meant to be.
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
    problem = hint = ""
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
            hint = hint or _hint(found, STATES)
        else:
            terms.append(found)
    return Selector(text, tuple(terms), tuple(words), problem, hint)


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
        return _comparison(compared[1].lower(), compared[2], compared[3])
    field = _FIELD.fullmatch(text)
    if field is not None and (field[1].lower() in FIELDS or not _ADDRESS.fullmatch(text)):
        return _field(field[1].lower(), field[2], groups)
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


# -- states ----------------------------------------------------------------------------------


def _has(name: str) -> OfServer:
    return lambda view, scope: scope.health(view).has(name)


def _busy(view: ServerView, scope: Scope) -> bool:
    fleet = scope.fleet
    return bool(view.busy) or view.server.id in fleet.operations or fleet.restoring(view.server.id)


STATES: Final[dict[str, Term]] = {
    "full": Term(lambda view, _: view.full),
    "none": Term(lambda view, _: view.newest_completed is None),
    "stale": Term(_has("stale")),
    "overdue": Term(_has("overdue")),
    "unseen": Term(_has("unseen")),
    "problem": Term(lambda view, scope: scope.health(view).problem),
    "failed": Term(lambda view, _: view.failed > 0, lambda row, _: row.phase is Phase.FAILED),
    "busy": Term(_busy, lambda row, _: row.phase is Phase.BUSY),
    "marked": Term(
        lambda view, scope: view.server.id in scope.marked_servers,
        lambda row, scope: row.id in scope.marked_snapshots,
    ),
    "protected": Term(
        lambda view, scope: any(s.id in scope.fleet.protected for s in view.snapshots),
        lambda row, scope: row.id in scope.fleet.protected,
    ),
}
"""The words that stand for a state."""


# -- comparisons -----------------------------------------------------------------------------

_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    "=": lambda one, other: one == other,
}
COMPARED: Final = {"age": "age>7d", "size": "size>10G", "used": "used>=4"}
"""What can be compared, each with an example."""
_SIZE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([mgt])b?", re.IGNORECASE)
_MB: Final = {"m": 1, "g": 1 << 10, "t": 1 << 20}


def _comparison(name: str, sign: str, value: str) -> Term:
    """Raises SelectorError."""
    said, compare = f"{name}{sign}{value}", _COMPARE[sign]
    if name == "age":
        return _age(said, compare, value)
    if name == "size":
        size = _SIZE.fullmatch(value)
        if size is None:
            raise _wrong(said, "a size has a unit, like size>10G")
        megabytes = float(size[1]) * _MB[size[2].lower()]
        return Term(
            lambda view, _: compare(sum(s.size_mb or 0 for s in view.snapshots), megabytes),
            lambda row, _: row.size_mb is not None and compare(row.size_mb, megabytes),
        )
    if name == "used":
        if value not in {str(number) for number in range(SLOTS + 1)}:
            raise _wrong(said, f"a number from 0 to {SLOTS}, like used>=4")
        return Term(lambda view, _: compare(view.used, int(value)))
    examples = ", ".join(COMPARED.values())
    raise _wrong(said, _hint(name, COMPARED) or f"comparisons are like {examples}")


def _age(said: str, compare: Callable[[float, float], bool], value: str) -> Term:
    """An age; a server's is that of its newest completed snapshot, infinite without any."""
    try:
        seconds = Age.parse(value)
    except ValueError:
        raise _wrong(said, "an age has a unit, like age>7d or age<36h") from None

    def of_server(view: ServerView, scope: Scope) -> bool:
        newest = view.newest_completed
        if newest is None or newest.created_at is None:
            return compare(float("inf"), seconds)
        return compare(scope.now - newest.created_at.timestamp(), seconds)

    def of_snapshot(row: Snapshot, scope: Scope) -> bool:
        created = row.created_at
        return created is not None and compare(scope.now - created.timestamp(), seconds)

    return Term(of_server, of_snapshot)


# -- fields ----------------------------------------------------------------------------------

FIELDS: Final = {
    "status": "status:stopped",
    "loc": "loc:fra",
    "group": "group:prod",
    "name": "name:nightly-*",
}
"""The fields that can be asked for, each with an example."""


def _field(name: str, value: str, groups: Groups) -> Term:
    """Raises SelectorError."""
    said = f"{name}:{value}"
    if name not in FIELDS:
        raise _wrong(said, _hint(name, FIELDS) or f"fields are {', '.join(FIELDS)}")
    if not value:
        raise SelectorError(f"{name}: needs a value, like {FIELDS[name]}")
    if name == "group":
        if value not in groups.names:
            known = f"groups are {', '.join(groups.names)}" if groups.names else "no group is set"
            raise _wrong(said, _hint(value, groups.names) or known)
        return Term(lambda view, scope: scope.groups.has(value, view.server))
    folded = fold(value)
    if name == "status":
        folded = folded.replace("_", " ")
        begins = pattern(folded if is_pattern(folded) else f"{folded}*")
        return Term(
            lambda view, _: begins(fold(view.server.status).replace("_", " ")),
            lambda row, _: begins(fold(row.status_words)),
        )
    test = pattern(folded if is_pattern(folded) else f"*{folded}*")
    if name == "loc":
        return Term(lambda view, _: test(fold(view.server.location)))
    return Term(lambda view, _: test(fold(view.server.name)), lambda row, _: test(fold(row.name)))


def _wrong(said: str, right: str) -> SelectorError:
    return SelectorError(f"{clean(said, 60)}: {right}")


def _hint(text: str, known: Sequence[str] | dict[str, Term] | dict[str, str]) -> str:
    """What was perhaps meant by a text that is nearly one of the known words."""
    close = difflib.get_close_matches(text, list(known), 1, 0.75) if len(text) > 2 else []
    return f"did you mean {close[0]}?" if close else ""
