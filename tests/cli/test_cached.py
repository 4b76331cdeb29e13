"""What an earlier run knew, printed without a question to anybody."""

from __future__ import annotations

import json
from pathlib import Path

from tests.helpers.places import TOKEN, Place
from tests.helpers.program import ciplun, completing, run


def test_what_was_known_last_is_printed_with_its_age_and_nothing_is_asked(
    simulated: Place,
) -> None:
    code, _, err = ciplun(simulated, "list", "--cached")
    assert (code, "nothing is remembered" in err) == (1, True)
    assert ciplun(simulated, "list")[0] == 0
    asked = len(simulated.sent("GET"))
    code, out, err = ciplun(simulated, "list", "--cached", "mail")
    assert (code, out.startswith("mail  #")) == (0, True)
    assert "last known" in err
    code, out, _ = ciplun(simulated, "list", "--cached", "--json")
    answer = json.loads(out)
    assert (len(answer["servers"]), answer["complete"]) == (12, False)
    assert answer["as_of"].endswith("Z")
    assert len(simulated.sent("GET")) == asked
    _, out, _ = ciplun(simulated, "info")
    (line,) = [line for line in out.splitlines() if line.startswith("memory ")]
    assert "12 servers" in line
    assert ".fleet" in line


def test_with_another_token_nothing_is_printed_or_completed(simulated: Place) -> None:
    home = Path(simulated.environ["HOME"])
    foreign = {"VPS_API_URL": simulated.url, "VPS_API_TOKEN": TOKEN[::-1]}
    tab = completing("ciplun list ma")
    ciplun(simulated, "list")
    own = {**foreign, "VPS_API_TOKEN": TOKEN}
    assert run(home, **own, **tab).stdout.strip().endswith("mail")
    assert "mail" not in run(home, **foreign, **tab).stdout
    ciplun(simulated, "list")
    done = run(home, "list", "--cached", **foreign)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing is remembered" in done.stderr
    assert ciplun(simulated, "list", "--cached")[0] == 1, "it was forgotten"


def test_where_nothing_may_be_remembered_nothing_is(simulated: Place) -> None:
    home = Path(simulated.environ["HOME"])
    off = {"VPS_API_URL": simulated.url, "VPS_API_TOKEN": TOKEN, "CIPLUN_REMEMBER": "false"}
    ciplun(simulated, "list")
    done = run(home, "list", "--cached", **off)
    assert (done.returncode, "remember = false" in done.stderr) == (1, True)
    assert run(home, "list", **off).returncode == 0
    assert ciplun(simulated, "list", "--cached")[0] == 1, "it was forgotten"
