"""Any words on the command line get a sentence and an exit code, and nothing is sent for them."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.cli import main
from tui.cli.main import COMMANDS

OPTIONS = (
    *("--json", "--tsv", "--ids", "--on", "--server", "--yes", "--wait", "--timeout", "--name"),
    *("--max-age", "--policy", "--keep-last", "--since", "--limit", "--profile", "--url", "-w"),
    *("-c", "-t", "--ignore", "--", "--dry-run", "--plan", "--textfile", "--help", "--version"),
)
WORDS = st.one_of(
    st.sampled_from([name for name in COMMANDS if name not in ("simulator", "completion")]),
    st.sampled_from(OPTIONS),
    st.sampled_from(["web", "1", "id:1", "24h", "full", "age>7d", "group:x", "x-{date}", "", "-"]),
    st.text(max_size=20),
    st.binary(max_size=20).map(lambda data: data.decode("utf-8", "surrogateescape")),
)


@pytest.fixture
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No account, no terminal, and nowhere to send anything."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.environ", {"HOME": str(home), "LANG": "C.UTF-8", "PATH": "/nowhere"})
        patch.setattr("sys.stdin", io.StringIO())
        patch.chdir(home)
        yield


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WORDS, max_size=6))
def test_any_words(nowhere: None, words: list[str]) -> None:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            code = main.run(words)
        except SystemExit as left:  # the dashboard, and click's own
            code = int(left.code or 0)
    said = out.getvalue() + err.getvalue()
    assert code in (0, 1, 2, 3, 4), words
    assert "unexpected error" not in said, words
    assert said.strip(), words
    assert said.replace("\n", "").isprintable(), words
    assert (
        code != 0
        or "--help" in words
        or "--version" in words
        or "history" in words
        or ("info" in words)
    ), words
