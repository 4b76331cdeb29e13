"""`metrics`: what a collector of Prometheus can read, whole or not at all."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from tests.helpers.places import NOON, Place
from tests.helpers.program import against, ciplun
from tests.helpers.service import fleet, saying, snapshot
from tests.helpers.settings_files import home
from tui.simulator.scenarios import hooks

SAMPLE = re.compile(
    r'(ciplun_[a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.]+)\n'
)


def samples(text: str) -> dict[tuple[str, str], float]:
    """Samples by name and labels; each family has its help and type before it, once."""
    found: dict[tuple[str, str], float] = {}
    family = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("# HELP "):
            family = line.split()[2]
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {family} gauge\n"
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            assert sample[1] == family
            key = (sample[1], sample[2] or "")
            assert key not in found, "twice"
            found[key] = float(sample[3])
    return found


def test_the_figures_of_a_fleet(simulated: Place) -> None:
    code, out, err = ciplun(simulated, "metrics")
    assert (code, err) == (0, "")
    found = samples(out)
    server = simulated.server("db-01")
    db = f'server_id="{server.id}",server="db-01"'
    assert found["ciplun_complete", ""] == 1
    assert found["ciplun_servers", ""] == 12
    assert found["ciplun_slots_used", db] == 5
    assert found["ciplun_newest_completed_timestamp_seconds", db] == NOON - 7200
    assert found["ciplun_finding", f'{db},finding="full"'] == 1
    assert found["ciplun_finding", f'{db},finding="none"'] == 0
    assert abs(found["ciplun_last_read_timestamp_seconds", ""] - NOON) < 60
    bare = simulated.server("billing")
    about = f'server_id="{bare.id}",server="billing"'
    assert ("ciplun_newest_completed_timestamp_seconds", about) not in found
    assert found["ciplun_finding", f'{about},finding="none"'] == 1


def test_a_file_is_written_whole_or_not_at_all(simulated: Place, tmp_path: Path) -> None:
    file = tmp_path / "ciplun.prom"
    code, out, err = ciplun(simulated, "metrics", "--textfile", str(file), "--on", "full")
    assert (code, out, err) == (0, "", "")
    before = file.read_text()
    assert len([key for key in samples(before) if key[0] == "ciplun_slots_used"]) == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    simulated.service.hooks += hooks(["error-503"])
    code, out, err = ciplun(simulated, "metrics", "--textfile", str(file))
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert file.read_text() == before
    assert [path.name for path in tmp_path.glob("*.prom*")] == ["ciplun.prom"]
    simulated.service.hooks.clear()
    code, _, err = ciplun(simulated, "metrics", "--textfile", str(tmp_path / "no/dir/x"))
    assert (code, "No such file" in err) == (1, True)


def test_names_are_escaped_and_what_is_missing_is_told(tmp_path: Path) -> None:
    server = {"id": 10, "name": 'a"b\\c\nd', "status": "active"}
    with saying(fleet([snapshot(801), {"id": 802}], [server])) as said:
        code, out, err = against(said.url, tmp_path, "metrics")
        assert code == 0
        found = samples(out)
        assert found["ciplun_complete", ""] == 0
        assert found["ciplun_slots_used", 'server_id="10",server="a\\"b\\\\c␊d"'] == 1
        assert "not complete" in err


def test_a_date_that_is_not_believed_hides_no_old_one(tmp_path: Path) -> None:
    """An alert on the age would never come of a date that lies ahead."""
    ahead, old = "9999-12-31T23:59:59Z", "2025-01-15T18:30:00Z"
    servers = [{"id": 10, "name": "web"}, {"id": 11, "name": "db"}]
    db = {"server": {"id": 11, "name": "db"}}
    listed = [snapshot(1, created_at=ahead), snapshot(2, created_at=old)]
    listed.append(snapshot(3, created_at=ahead, **db))
    with saying(fleet(listed, servers)) as said:
        _, out, _ = against(said.url, tmp_path, "metrics")
    found = samples(out)
    name = "ciplun_newest_completed_timestamp_seconds"
    assert found[name, 'server_id="10",server="web"'] == 1_736_965_800
    assert (name, 'server_id="11",server="db"') not in found
    assert found["ciplun_finding", 'server_id="11",server="db",finding="unseen"'] == 1
    assert not any('"backup"' in labels for _, labels in found), "nobody has looked at them"


def test_what_is_no_run_of_a_policy_is_not_shown_as_one(simulated: Place, tmp_path: Path) -> None:
    text = '[policies.nightly]\non = "name:db-*"\nname = "nightly-{date}"\nkeep_last = 3\n'
    home(tmp_path, text)
    db = simulated.server("db-01")
    for days in range(1, 3):
        simulated.world.add_snapshot(db, f"nightly-2025-01-1{days}", hours=240 - days)
    of_policy = ("--policy", "nightly")
    for words in (
        ("ensure", "db-01", "--max-age", "24h", *of_policy),  # one of its servers
        ("ensure", "--on", "name:db-01", "--max-age", "24h", *of_policy),
        ("prune", "db-02-replica", *of_policy, "--yes"),
        ("prune", *of_policy, "--dry-run"),
        ("prune", *of_policy, "--plan", str(tmp_path / "plan")),
        ("prune", "--name", "n*", "--keep-last", "2", "--yes"),  # no policy at all
    ):
        assert ciplun(simulated, *words)[0] == 0, words
    found = samples(ciplun(simulated, "metrics")[1])
    assert not any(name.startswith("ciplun_last_") and about for name, about in found)


def test_a_run_that_failed_is_none(simulated: Place, tmp_path: Path) -> None:
    home(tmp_path, '[policies.nightly]\nname = "nightly-{date}"\nkeep_last = 1\n')
    for days in range(1, 3):
        name = f"nightly-2025-01-1{days}"
        simulated.world.add_snapshot(simulated.server("mail"), name, hours=240 - days)
    simulated.service.hooks += hooks(["throttled-silent@DELETE"])
    assert ciplun(simulated, "prune", "mail", "--policy", "nightly", "--yes")[0] == 1
    pruned = ("ciplun_last_prune_timestamp_seconds", 'policy="nightly"')
    assert pruned not in samples(ciplun(simulated, "metrics")[1])
    simulated.service.hooks.clear()
    assert ciplun(simulated, "prune", "mail", "--policy", "nightly", "--yes")[0] == 0
    assert pruned in samples(ciplun(simulated, "metrics")[1])
    home(tmp_path, "# it is set no longer: nobody waits for it")
    assert pruned not in samples(ciplun(simulated, "metrics")[1])


def test_what_is_no_file_is_not_replaced_and_a_link_stays_one(
    simulated: Place, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert ciplun(simulated, "metrics", "--textfile", str(tmp_path / "pipe"))[0] == 1
    assert (tmp_path / "pipe").is_fifo()
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    assert ciplun(simulated, "metrics", "--textfile", str(link))[0] == 0
    assert link.is_symlink()
    assert "ciplun_servers 12" in target.read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("metrics", "--textfile", ""),
        ("apply", ""),
        ("prune", "--name", "*", "--keep-last", "1", "--plan", " "),
        ("guard", "mail", "--name", "x", "--", ""),
    ],
)
def test_an_empty_path_or_command_is_no_value(simulated: Place, words: tuple[str, ...]) -> None:
    assert ciplun(simulated, *words)[0] == 2
    assert simulated.sent() == []


def test_when_a_policy_was_ensured_last(simulated: Place, tmp_path: Path) -> None:
    file = tmp_path / ".config/ciplun/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        '[policies.nightly]\non = "db-01"\nname = "nightly-{date}"\nkeep_last = 4\n'
        '[policies.other]\non = "crowded"\nname = "other-{date}"\nkeep_last = 1\n'
    )
    file.chmod(0o600)
    crowded = simulated.world.add_server("crowded")
    for n in range(5):
        simulated.world.add_snapshot(crowded, f"mine-{n}", hours=900)
    policy = 'policy="nightly"'
    ensured, pruned = "ciplun_last_ensure_timestamp_seconds", "ciplun_last_prune_timestamp_seconds"
    ensure = ("ensure", "--max-age", "24h", "--policy")
    assert ciplun(simulated, *ensure, "other")[0] == 1  # no room: that run was not without trouble
    assert (ensured, 'policy="other"') not in samples(ciplun(simulated, "metrics")[1])
    assert ciplun(simulated, *ensure, "nightly")[0] == 0
    found = samples(ciplun(simulated, "metrics")[1])
    assert abs(found[ensured, policy] - NOON) < 60
    assert abs(found[pruned, policy] - NOON) < 60
    simulated.world.clock.advance(600)
    assert ciplun(simulated, "prune", "--policy", "nightly", "--yes")[0] == 0
    later = samples(ciplun(simulated, "metrics")[1])
    assert later[pruned, policy] - found[pruned, policy] > 500
    assert later[ensured, policy] == found[ensured, policy]
