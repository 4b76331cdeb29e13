"""What ciplun uses of Textual that Textual does not promise is there, and stands in one file."""

from __future__ import annotations

import ast
import asyncio
import gc
import importlib
import inspect
import pkgutil
import re
import weakref
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import pytest
from textual._styles_cache import StylesCache

import tui
from tests.helpers.driving import live, until
from tests.helpers.places import Place
from tui.terminal import textual_private
from tui.terminal.textual_private import USED

HERE = Path(textual_private.__file__)
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(tui.__path__, "tui.")
    if not module.name.startswith("tui.simulator") and not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", USED)
def test_it_is_in_the_installed_version(name: str) -> None:
    module, _, path = name.partition(":")
    owner, _, attribute = path.rpartition(".")
    found = importlib.import_module(module)
    if not owner:
        assert hasattr(found, attribute)
        return
    kind = getattr(found, owner)
    assert attribute in private_names(kind) | set(dir(kind))


def private_names(kind: type) -> set[str]:
    """All attributes that Textual's classes have or set on themselves."""
    names = set()
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] == "textual":
            names |= _names_in(base)
    return names


@cache
def _names_in(base: type) -> set[str]:
    return {*vars(base), *re.findall(r"\bself\.(\w+)\b[^=\n]*=", inspect.getsource(base))}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for name in MODULES:
        file = importlib.import_module(name).__file__
        if file and Path(file) != HERE:
            yield name, ast.parse(Path(file).read_text(encoding="utf-8"))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def test_no_other_file_imports_private_parts() -> None:
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual"):
                parts = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
                assert not any(map(is_private, parts)), name


def test_no_class_of_ours_has_or_uses_a_private_name_of_textuals() -> None:
    """Neither on purpose nor by accident: an attribute of the same name would be overwritten."""
    for name, tree in trees():
        module = importlib.import_module(name)
        for node in ast.walk(tree):
            kind = getattr(module, node.name, None) if isinstance(node, ast.ClassDef) else None
            if isinstance(kind, type):
                theirs = set(filter(is_private, private_names(kind)))
                assert not theirs & own_names(node), f"{name}.{kind.__name__}"


def own_names(node: ast.AST) -> set[str]:
    """What a class defines, and which attributes are used in it."""
    names = set()
    for part in ast.walk(node):
        match part:
            case ast.Attribute(attr=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return names


async def test_a_timer_that_was_cancelled_keeps_nobody_until_its_time() -> None:
    class Screen:
        """Who sets a timer."""

    setting: ContextVar[Screen] = ContextVar("setting")
    loop = asyncio.get_running_loop()
    sooner = loop.call_later(5, print)  # behind it, what was cancelled waits

    async def show() -> weakref.ref[Screen]:
        screen = Screen()
        setting.set(screen)
        loop.call_later(60, print).cancel()
        return weakref.ref(screen)

    kept = await asyncio.create_task(show())
    await asyncio.sleep(0)
    gc.collect()
    assert kept() is None
    sooner.cancel()


async def test_a_screen_that_is_closed_takes_its_lines_with_it(simulated: Place) -> None:
    def kept() -> int:
        gc.collect()
        # By type: some objects of others load themselves when they are asked for their class.
        return sum(issubclass(type(each), StylesCache) for each in gc.get_objects())

    async with simulated.app().run_test(size=(80, 24)) as pilot:
        board = await live(pilot)

        async def look_around() -> None:
            for key in ("m", "question_mark", "d"):
                await pilot.press(key)
                await until(pilot, lambda: pilot.app.screen is not board)
                await pilot.press("escape")
                await until(pilot, lambda: pilot.app.screen is board)

        await look_around()
        before = kept()
        for _ in range(3):
            await look_around()
        assert kept() == before
