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
    told = json.loads(ciplun(simulated, "info", "--json")[1])["memory"]
    assert (told["servers"], told["as_of"], told["trouble"]) == (12, answer["as_of"], "")
    file = Path(told["path"].replace("~", simulated.environ["HOME"]))
    assert told["bytes"] == file.stat().st_size


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
    assert "what was remembered is not used: it belongs to another token" in done.stderr
    code, _, err = ciplun(simulated, "list", "--cached")
    assert (code, "nothing is remembered" in err) == (1, True), "it was forgotten"


def test_where_nothing_may_be_remembered_nothing_is(simulated: Place) -> None:
    home = Path(simulated.environ["HOME"])
    off = {"VPS_API_URL": simulated.url, "VPS_API_TOKEN": TOKEN, "CIPLUN_REMEMBER": "false"}
    ciplun(simulated, "list")
    done = run(home, "list", "--cached", **off)
    assert (done.returncode, "remember = false" in done.stderr) == (1, True)
    assert run(home, "list", **off).returncode == 0
    assert ciplun(simulated, "list", "--cached")[0] == 1, "it was forgotten"


def test_what_cannot_be_used_is_not_printed_and_the_reason_is(simulated: Place) -> None:
    _, out, _ = ciplun(simulated, "info")
    assert "nothing yet" in out
    ciplun(simulated, "list")
    folder = Path(simulated.environ["HOME"], ".local/state/ciplun/memory")
    (file,) = folder.iterdir()
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])
    code, out, err = ciplun(simulated, "list", "--cached")
    words = "what was remembered is not used: others could read it or write to it"
    assert (code, out, words in err) == (1, "", True)
    assert list(folder.iterdir()) == [], "whatever somebody else has made of it"
    ciplun(simulated, "list")
    file.write_bytes(file.read_bytes()[:-1])
    code, out, err = ciplun(simulated, "list", "--cached", "--json")
    assert (code, f"it is damaged ({file.name})" in json.loads(out)["error"]) == (1, True)
    assert "Traceback" not in err
    assert "not used: it is damaged" in ciplun(simulated, "info")[1]
    tab = completing("ciplun list ma")
    done = run(Path(simulated.environ["HOME"]), VPS_API_TOKEN=TOKEN, **tab)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
    done = run(Path(simulated.environ["HOME"]), "list", "--cached", VPS_API_TOKEN="'a b'")
    assert (done.returncode, "a token cannot have" in done.stderr) == (4, True), done.stderr
