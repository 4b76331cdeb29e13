"""`ping_url`: a page is told of good unattended runs, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.faulty import http
from tests.helpers.places import TOKEN, Place
from tests.helpers.program import ciplun
from tests.helpers.service import Said, saying
from tests.helpers.settings_files import home


def with_page(said: Said, folder: Path) -> str:
    url = said.url.replace("/api/v1", "/ping/web")
    home(folder, f"ping_url = '{url}'")
    return url


def test_a_good_run_is_told_with_nothing_secret_in_it(empty_world: Place, tmp_path: Path) -> None:
    empty_world.world.add_server("web")
    ensure = ("ensure", "web", "--max-age", "24h")
    prune = ("prune", "web", "--name", "x-*", "--keep-last", "1")
    with saying(lambda method, path: http("fine")) as said:
        with_page(said, tmp_path)
        assert ciplun(empty_world, *ensure)[0] == 0
        assert ciplun(empty_world, *prune)[0] == 0
        assert said.requests == [("GET", "/ping/web")] * 2
        for head in said.heads:
            assert TOKEN.encode() not in head
            assert b"authorization" not in head.lower()
            assert b"web" not in head.replace(b"/ping/web", b"")


def test_nothing_else_is_told(empty_world: Place, tmp_path: Path) -> None:
    server = empty_world.world.add_server("full")
    for days in range(5):
        empty_world.world.add_snapshot(server, f"x-{days}", hours=24 * days + 48)
    with saying(lambda method, path: http("fine")) as said:
        with_page(said, tmp_path)
        assert ciplun(empty_world, "ensure", "full", "--max-age", "24h")[0] == 1
        assert ciplun(empty_world, "ensure", "nobody", "--max-age", "24h")[0] == 2
        dry = ("prune", "full", "--name", "x-*", "--keep-last", "1", "--dry-run")
        assert ciplun(empty_world, *dry)[0] == 0
        assert ciplun(empty_world, "list")[0] == 0
        assert said.requests == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (http("no", "500 X"), "answered with 500"),
        (http("", "302 X", "Location: /else"), "answered with 302"),
        (b"", "cut short"),
    ],
)
def test_a_page_that_is_not_well_changes_no_code(
    empty_world: Place, tmp_path: Path, answer: bytes, why: str
) -> None:
    empty_world.world.add_server("web")
    with saying(lambda method, path: answer) as said:
        with_page(said, tmp_path)
        code, _, err = ciplun(empty_world, "ensure", "web", "--max-age", "24h")
        assert (code, len(err.splitlines()), len(said.requests)) == (0, 1, 1)
        assert why in err
    empty_world.world.clock.advance(700)
    code, _, err = ciplun(empty_world, "ensure", "web", "--max-age", "24h")
    assert (code, "ping_url was not called: could not reach" in err) == (0, True)
