"""Templates of names, and what settings name and choose: it means something, or is one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.program import run
from tests.helpers.settings_files import home
from tui.config.file import SettingsError
from tui.config.settings import Options, load
from tui.fleet.policies import check
from tui.fleet.templates import BadTemplate, Template
from tui.fleet.writes.rules import name_problem

NOW = datetime(2025, 1, 23, 18, 30, tzinfo=UTC)


def test_a_name_has_the_date_in_utc() -> None:
    east = NOW.astimezone(timezone(timedelta(hours=14)))
    assert Template("nightly-{date}").name(east) == "nightly-2025-01-23"
    assert Template("{date}_{time}-x").name(east) == "2025-01-23_1830-x"


def test_a_name_that_is_taken_gets_a_number() -> None:
    template = Template("nightly-{date}")
    taken: list[str] = []
    for _ in range(99):
        taken.append(template.name(NOW, taken))
    assert taken[:3] == ["nightly-2025-01-23", "nightly-2025-01-23-2", "nightly-2025-01-23-3"]
    assert len(set(taken)) == 99
    assert all(template.made(name) for name in taken)
    with pytest.raises(BadTemplate, match="are taken"):
        template.name(NOW, taken)


@pytest.mark.parametrize(
    "name",
    ["nightly", "nightly-2025-1-23", "nightly-2025-01-23x", "nightly-2025-01-23\n", "x-2025-01-23"],
)
def test_other_names_are_not_its_own(name: str) -> None:
    assert not Template("nightly-{date}").made(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it must have {date} in it"),
        ("nightly", "it must have {date} in it, like nightly-{date}"),
        ("{time}", "it must have {date} in it"),
        ("n-{dat}", "{dat} is not a field of a name: did you mean {date}?"),
        ("n-{server}", "{server} is not a field of a name: it can have {date} and {time}"),
        ("n-{}", "{} is not a field of a name"),
        ("n {date}", "“ ” is not allowed in a name"),
        ("n-{date", "“{” is not allowed"),
        ("n.{date}", "“.” is not allowed"),
        ("n-{date!r}", "{date!r} is not a field"),
        ("{date}" + "n" * 60, "a template has at most 60 characters"),
        ("é-{date}", "“é” is not allowed"),
    ],
)
def test_a_template_that_gives_no_names_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        Template(text)
    assert str(caught.value).startswith(said)


@given(st.text("ab-_{}datetime", max_size=24))
def test_whatever_is_no_error_gives_good_names(text: str) -> None:
    try:
        template = Template(text)
    except BadTemplate as error:
        assert str(error).isprintable()
        return
    name = template.name(NOW)
    assert name_problem(name) == ""
    assert template.made(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[views]\n\nodd = 'age>7'", "3: views.odd: age>7: an age has a unit"),
        ("[views]\nx = 'group:y'", "2: views.x: group:y: no group is set"),
        (
            "[groups.prod]\nmatch='a'\n[policies.n]\non='group:prd'\nname='n-{date}'\nkeep_last=1",
            "4: policies.n.on: group:prd: did you mean prod?",
        ),
        ("[policies.n]\nname='n'\nkeep_last=1", "2: policies.n.name: it must have {date}"),
    ],
)
def test_settings_that_choose_nothing_are_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check(load(Options(), home(tmp_path, text)))
    assert str(caught.value).startswith(f"~/.config/ciplun/config.toml:{said}")


def test_a_command_says_it_and_ends_with_2(tmp_path: Path) -> None:
    home(tmp_path, "[views]\nodd = 'used>9'\n")
    done = run(tmp_path, "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "ciplun: ~/.config/ciplun/config.toml:2: views.odd: used>9: "
        "a number from 0 to 5, like used>=4\n"
    )
