"""The recipes on the simulator's own page, done as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.places import NOON
from tui.simulator import Simulator
from tui.simulator.scenarios import SCENARIOS, hooks

PAGE = (Path(__file__).parents[2] / "tui" / "simulator" / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_python_recipes_work(tmp_path: Path) -> None:
    with_pytest, without = blocks("python")
    (tmp_path / "test_recipe.py").write_text(with_pytest)
    plugins = ["-p", "no:ciplun", "-p", "tui.simulator.pytest_plugin", "-p", "no:cacheprovider"]
    command = [sys.executable, "-P", "-m", "pytest", "-q", "--strict-markers", *plugins]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert "2 passed" in done.stdout, done.stdout
    done = subprocess.run(
        [sys.executable, "-c", without], capture_output=True, text=True, timeout=60, check=True
    )
    assert re.fullmatch(r"http://127.0.0.1:\d+/api/v1 vps_[0-9a-f]{40}\n", done.stdout)


def test_the_shell_recipe_works(tmp_path: Path, unused_tcp_port: int) -> None:
    (recipe,) = blocks("sh")
    port = str(unused_tcp_port)
    script = f"set -e\n{recipe.replace('8125', port)}kill $!\n"
    (tmp_path / "ciplun").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m tui "$@"\n')
    (tmp_path / "ciplun").chmod(0o700)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environ
    )
    assert done.returncode == 0, done.stderr
    assert "503 Service Unavailable" in done.stdout
    told = json.JSONDecoder().raw_decode(done.stdout[done.stdout.index('{"requests"') :])[0]
    (request,) = told["requests"]
    assert (request["status"], request["scenarios"]) == (503, ["error-503:1@POST /snapshots/"])


def test_the_described_fleet_can_be_made() -> None:
    (fleet,) = blocks("json")
    moment = "2025-01-22T12:00:00Z"
    with Simulator(fleet=json.loads(fleet), now=moment) as simulator:
        world = simulator._app.world
        (server,) = (s for s in world.servers.values() if s.account is world.account)
        held = world.by_server[server.id].values()
        assert [s.status(NOON) for s in held] == ["completed", "failed", "in_progress"]
        assert len(world.list_backups(world.account)) == 1


def test_the_faults_that_it_names_are_there() -> None:
    named = re.findall(r"`([a-z]+-?[a-z0-9]*(?:[=:@][^`]*)?)`", PAGE)
    asked = [text for text in named if re.split("[=:@]", text)[0] in SCENARIOS]
    assert len(asked) >= 6
    assert hooks(asked)


def test_every_option_that_it_names_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    from tui.cli.main import run

    run(["simulator", "--help"])
    told = capsys.readouterr().out
    for option in set(re.findall(r"--[a-z][a-z-]+", PAGE)):
        assert option in told, option
    for route in set(re.findall(r"/admin/[a-z]+/", PAGE)):
        assert route in told, route
