"""What tests may import."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parent


def imported(module: Path) -> set[str]:
    """The names of all modules that it imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}", *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def test_what_tests_share_stands_in_the_helpers() -> None:
    for module in TESTS.rglob("*.py"):
        names = {name.rpartition(".")[2] for name in imported(module) if name.startswith("tests.")}
        assert not {name for name in names if name.startswith("test_")}, module
        assert "conftest" not in names, module


def test_helpers_hold_no_tests_and_fixtures_stand_in_conftest() -> None:
    for module in (TESTS / "helpers").glob("*.py"):
        tree = ast.parse(module.read_text())
        functions = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        for function in functions:
            assert not function.name.startswith("test_"), (module, function.name)
            decorators = [ast.unparse(d) for d in function.decorator_list]
            assert not any(d.startswith("pytest.fixture") for d in decorators), module
