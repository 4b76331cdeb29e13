"""The log: private also after it was rotated, without tokens and without controls."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.terminal import logs
from tui.vps.token import Token

ODD = "no-look-of-a-token"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(logs, "SIZE", 4_000)
    root = logging.getLogger()
    for another in [h for h in root.handlers if isinstance(h, logs.PrivateFile)]:
        root.removeHandler(another)  # of a test that ran a command in this process
    before, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    last = logging.lastResort
    path = tmp_path / "state" / "ciplun.log"
    assert logs.configure(path)
    yield path
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.raiseExceptions, logging.lastResort = raises, last


def test_it_rotates_and_stays_private_and_clean(log: Path) -> None:
    logs.hide(Token(ODD))
    for n in range(400):
        logging.getLogger("x").error("%d Bearer abc %s \x1b[2J vps_secret_0123 \u202e", n, ODD)
    files = sorted(log.parent.iterdir())
    assert [file.name for file in files] == ["ciplun.log", *(f"ciplun.log.{n}" for n in (1, 2, 3))]
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        text = file.read_text()
        assert file.stat().st_size <= 4_000
        for secret in (ODD, "vps_secret", "abc", "\x1b", "\u202e"):
            assert secret not in text
        assert "***" in text


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_to_a_log_that_was_removed(log: Path, replaced: bool) -> None:
    logger = logging.getLogger("x")
    logger.error("before")
    log.parent.rename(log.parent.with_name("elsewhere"))
    if replaced:
        log.parent.mkdir()
        log.write_text("another one's\n")
    logger.error("after")
    assert log.read_text().splitlines()[-1].endswith("after")
    assert replaced or log.parent.stat().st_mode & 0o777 == 0o700
    assert "after" not in (log.parent.with_name("elsewhere") / log.name).read_text()


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not logs.configure(tmp_path / "file" / "ciplun.log")
