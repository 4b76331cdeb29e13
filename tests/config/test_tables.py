"""Groups, policies, views and commands: read whole, or refused in one line that names the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.settings_files import home
from tui.config.ages import DAY, HOUR, WEEK, Age
from tui.config.file import SettingsError
from tui.config.settings import Options, Settings, load
from tui.config.tables import Group, Policy, UserCommand

FILE = """
max_age = "36h"

[groups.prod]
match = ["web-*", "db-*"]
exclude = "*-staging"
max_age = "24h"
ignore = ["full"]

[groups.lab]
match = ["lab-*"]
max_age = 0

[policies.nightly]
on = "group:prod"
name = "nightly-{date}"
keep_last = 2
keep_daily = 1
keep_weekly = 1
reserve = 1

[views]
risky = "group:prod problem"

[[commands]]
key = "e"
run = ["ssh", "{address}"]

[[commands]]
key = "b"
on = "snapshot"
run = ["log", "{id}"]
confirm = true
background = true
safe = true
"""


def read(folder: Path, text: str) -> Settings:
    return load(Options(), home(folder, text))


def test_all_tables_are_read_in_their_order(tmp_path: Path) -> None:
    settings = read(tmp_path, FILE)
    assert settings.max_age == Age(36 * HOUR)
    prod = Group(
        match=("web-*", "db-*"), exclude=("*-staging",), max_age=Age(DAY), ignore=("full",)
    )
    assert list(settings.groups.items()) == [
        ("prod", prod),
        ("lab", Group(match=("lab-*",), max_age=Age(0))),
    ]
    nightly = Policy(
        on="group:prod",
        name="nightly-{date}",
        keep_last=2,
        keep_daily=1,
        keep_weekly=1,
        reserve=1,
    )
    assert settings.policies == {"nightly": nightly}
    assert nightly.keeps == 4
    assert settings.views == {"risky": "group:prod problem"}
    assert settings.commands == (
        UserCommand(key="e", run=("ssh", "{address}")),
        UserCommand(
            key="b", on="snapshot", run=("log", "{id}"), confirm=True, background=True, safe=True
        ),
    )


def test_each_key_knows_its_line(tmp_path: Path) -> None:
    places = read(tmp_path, FILE).places
    lines = {key: int(place.rpartition(":")[2]) for key, place in places.items()}
    assert lines["groups.prod.max_age"] == 7
    assert lines["groups.lab.max_age"] == 12
    assert lines["policies.nightly.on"] == 15
    assert lines["views.risky"] == 23
    assert lines["commands.run"] == 32  # of the last one
    assert places["views.risky"].startswith("~/.config/ciplun/config.toml:")


def test_they_are_the_same_for_every_profile(tmp_path: Path) -> None:
    text = FILE + "[profiles.a]\n[profiles.b]\nmax_age = '2w'\n"
    one = load(Options(profile="a"), home(tmp_path, text))
    other = load(Options(profile="b"), home(tmp_path, text))
    assert one.groups == other.groups
    assert (one.max_age, other.max_age) == (Age(36 * HOUR), Age(2 * WEEK))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("groups = 3", "1: groups: must be a table of tables"),
        ("\n[groups]\nprod = 3", "3: groups.prod: must be a table"),
        ("[groups.prod]\n", "1: groups.prod: match is missing"),
        ("[groups.prod]\nmatch = []", "2: groups.prod.match: must not be empty"),
        ("[groups.prod]\nmatch = [1]", "2: groups.prod.match: must hold text"),
        ("[groups.prod]\nmatch = ['']", "2: groups.prod.match: must not hold empty text"),
        (
            "[groups.prod]\nmacth = 'a'",
            "2: groups.prod.macth: unknown setting; did you mean match?",
        ),
        ("[groups.'a b']\nmatch = 'a'", "1: groups.a b: its name may have letters, digits"),
        (
            "[groups.a]\nmatch='a'\n[groups.b]\nmatch='b'\nmax_age=7",
            "5: groups.b.max_age: must be an",
        ),
        ("[groups.a]\nmatch='a'\nignore='all'", "3: groups.a.ignore: must be a list of"),
        ("[policies.n]\nkeep_last=1", "1: policies.n: name is missing"),
        ("[policies.n]\nname='n-{date}'", "1: policies.n: keeps nothing: give keep_last,"),
        ("[policies.n]\nname='n-{date}'\nreserve=5", "1: policies.n: keeps nothing"),
        (
            "[policies.n]\nname='n'\nkeep_last=3\nkeep_monthly=2\nreserve=1",
            "1: policies.n: needs 6 slots (keep_last 3 + keep_monthly 2 + reserve 1): a server",
        ),
        ("[policies.n]\nkeep_last=-1", "2: policies.n.keep_last: must be a whole number, 0 to 5"),
        ("[policies.n]\nkeep_last=1.5", "2: policies.n.keep_last: must be a whole number"),
        ("[policies.n]\nkeep_last=true", "2: policies.n.keep_last: must be a whole number"),
        ("[policies.n]\nkeep_hourly=1", "2: policies.n.keep_hourly: unknown setting; did you mean"),
        ("[policies.n]\non=''", "2: policies.n.on: must not be empty"),
        ("views = 'x'", "1: views: must be a table"),
        ("[views]\nrisky = 3", "2: views.risky: must be text"),
        ("[views]\n'' = 'full'", "1: views: a view's name has 1 to 20 letters"),
        ("commands = 3", "1: commands: must be written as [[commands]]"),
        ("[[commands]]\nkey = 'e'", "1: commands: run is missing"),
        ("[[commands]]\nkey='e'\nrun='a'\n[[commands]]\nkey=3", "5: commands.key: must be text"),
        ("[[commands]]\non='pane'", "2: commands.on: must be server or snapshot"),
        ("[[commands]]\nconfirm='no'", "2: commands.confirm: must be true or false"),
        ('[[commands]]\nrun="a\\u001b[2J"', "2: commands.run: has control characters"),
        ("[policy.n]\n", "1: policy: unknown setting; did you mean policies?"),
        ("[view]\n", "1: view: unknown setting; did you mean views?"),
        ("[profiles.a.groups.x]\nmatch='a'", "1: groups: unknown setting"),
        ("max_age = 7", "1: max_age: must be an age like 36h, 7d or 2w; 0 is never"),
        ("max_age = false", "1: max_age: must be an age like"),
        ("ignore = ['full', 'unseen']", "1: ignore: must be a list of failed, full, none"),
        ("time = 'Europe/Berlin'", "1: time: must be local or utc"),
        ("ping_url = 'http://example.org'", "1: ping_url: must be https"),
    ],
)
def test_what_is_wrong_is_named_by_file_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"~/.config/ciplun/config.toml:{said}")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "seconds", "spelled"),
    [("90m", 5400, "90m"), ("36h", 129_600, "36h"), ("7d", WEEK, "1w"), ("0", 0, "0")],
)
def test_an_age_is_spelled_as_it_is_read(text: str, seconds: float, spelled: str) -> None:
    assert Age.parse(text) == seconds
    assert str(Age.parse(text)) == spelled
    assert Age.parse(spelled) == seconds


@pytest.mark.parametrize(
    "text", ["", "7", "d", "-1d", "1e9d", "7 d", "7dd", "\u0667d", "999999d", True]
)
def test_what_is_no_age_is_said(text: object) -> None:
    with pytest.raises(ValueError, match="must be an age like 36h"):
        Age.parse(text)
