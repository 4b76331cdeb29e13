"""Sentences that people read: short, in the words that they know, and each door with its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TUI = ROOT / "tui"
PAGES = [ROOT / "README.md", *sorted((TUI / "docs").iterdir()), TUI / "simulator" / "README.md"]
UNPLAIN = (
    # the word, and what to say in its place
    (r"\bunforeseen\b", "unexpected"),
    (r"\banew\b", "again"),
    (r"\bdeclares?d? (it )?over\b", "tracking stopped"),
    (r"\bthe provider is at work\b", "Creating X on Y"),
    (r"\bdispensable\b", "the safest choice"),
    (r"\bto arm\b|\barmed\b", "enable"),
    (r"\bwithout effect\b|\bleaves? the dialog\b", "cancel"),
    (r"\bintents?\b", "prepared"),
    (r"\btimes accepted\b|\baccepted, \d+ not\b", "9 started, 1 refused"),
    (r"\btaken up\b|\btakes? (it|them) up\b", "followed again"),
    (r"\bthe service\b", "the provider"),
    (r"\bthe sign U\+|\bsigns that\b", "characters"),
    (r"\b(is|are) no (?!longer|problem)[a-z]+ like\b", "is not a"),
    (r"\bso long at most\b", "at most this long"),
    (r"(would|should|may|Nothing|nothing) goes?\b(?! on)", "delete"),
    (r"\bCiplun\b", "ciplun"),
)
OTHER_DOORS = (
    # where, what is not said there, and why
    ("cli", r"\bpress\b|\bdialogs?\b|[Tt]ype .* to enable", "the command line has no keys"),
    ("screens", r"`ciplun |(?<![\w`-])--[a-z]", "the dashboard has no options"),
    ("widgets", r"`ciplun |(?<![\w`-])--[a-z]", "the dashboard has no options"),
    ("fleet", r"\bpress\b|`ciplun |(?<![\w`-])--[a-z]", "every door adds its own way"),
    ("vps", r"\bpress\b|`ciplun |(?<![\w`-])--[a-z]", "every door adds its own way"),
)


def sentences(module: Path) -> Iterator[tuple[str, str]]:
    """Every text in a module with a space in it, and where; no docstrings."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        is_sql = re.search(r"\b(SELECT|INSERT|UPDATE|DELETE FROM|CREATE|ALTER)\b", node.value)
        if id(node) not in bare and " " in node.value.strip() and not is_sql:
            yield f"{module.relative_to(ROOT)}:{node.lineno}", node.value


@cache
def everything() -> Sequence[tuple[str, str]]:
    """What people read: sentences in the code, the manual with all help in it, and the pages."""
    found = [said for module in sorted(TUI.rglob("*.py")) for said in sentences(module)]
    for page in PAGES:
        lines = page.read_text(encoding="utf-8").splitlines()
        found += [
            (f"{page.relative_to(ROOT)}:{number}", line) for number, line in enumerate(lines, 1)
        ]
    return found


@pytest.mark.parametrize(("word", "better"), UNPLAIN, ids=[better for _, better in UNPLAIN])
def test_nothing_is_said_in_words_that_few_know(word: str, better: str) -> None:
    found = [f"{where}: {text}" for where, text in everything() if re.search(word, text)]
    assert not found, f"say “{better}”"


@pytest.mark.parametrize(("folder", "word", "why"), OTHER_DOORS)
def test_no_door_speaks_of_another_one_s_ways(folder: str, word: str, why: str) -> None:
    modules = (TUI / folder).rglob("*.py")
    said = [said for module in sorted(modules) for said in sentences(module)]
    assert said
    assert not [f"{where}: {text}" for where, text in said if re.search(word, text)], why
