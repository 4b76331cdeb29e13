"""A command between snapshots and the way back: its terminal, its signals, its exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.helpers.clocks import eventually
from tests.helpers.journals import operation
from tui.fleet.guard import CannotRun, check_runnable, missing, run_command, way_back
from tui.fleet.operation import State
from tui.fleet.plan import Plan
from tui.fleet.writes.drafts import create_plan
from tui.vps.models import Server

WEB, DB = Server(id=1, name="web 01; rm -rf ~"), Server(id="u-2", name="db")


def plan(*states: State | None) -> Plan:
    drafted = create_plan([(WEB, None), (DB, None)], "before-update")
    steps = [
        step
        if state is None
        else replace(
            step,
            operation=number,
            became=operation(
                step.server_id,
                id=number,
                state=state,
                server_name=step.server_name,
                snapshot_id=800 + number,
                snapshot_name=step.name,
                words="no space" if state is State.REFUSED else "",
            ),
        )
        for number, (step, state) in enumerate(zip(drafted.steps, states, strict=True), 1)
    ]
    return replace(drafted, steps=tuple(steps))


def test_all_must_be_completed() -> None:
    assert missing(plan(State.COMPLETED, State.COMPLETED)) == []
    assert missing(plan(State.UNSEEN, None)) == [
        "web 01; rm -rf ~: before-update is not completed: cannot be seen",
        "db: before-update is not completed: not sent yet",
    ]
    (said,) = missing(plan(State.COMPLETED, State.REFUSED))
    assert said == "db: before-update is not completed: no space"


def test_the_way_back_names_each_snapshot_that_there_is() -> None:
    assert way_back(plan(State.COMPLETED, State.FAILED), ["--profile", "a b"]) == [
        "ciplun restore 801 --server 1 --profile 'a b'"
    ]
    assert way_back(plan(State.COMPLETED, State.COMPLETED))[1] == (
        "ciplun restore 802 --server u-2"
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["sh", "-c", "exit 0"], 0),
        (["sh", "-c", "exit 42"], 42),
        (["sh", "-c", "kill -KILL $$"], 137),
        (["sh", "-c", "exit 127"], 127),
    ],
)
async def test_the_exit_code_is_that_of_the_command(command: list[str], code: int) -> None:
    check_runnable(command)
    assert await run_command(command) == code


@pytest.mark.parametrize(
    ("name", "mode", "code"),
    [("none", None, 127), ("text", 0o644, 126), ("odd", 0o755, 126), ("a\0b", None, 127)],
)
async def test_what_cannot_be_run_has_the_code_of_a_shell(
    name: str, mode: int | None, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by its path as by its name alone; what only the system refuses passes the look."""
    if mode is not None:
        (tmp_path / name).write_text("no program")
        (tmp_path / name).chmod(mode)
    monkeypatch.setenv("PATH", f"/no/such/folder:{tmp_path}")
    for command in ([name], [str(tmp_path / name)]):
        with pytest.raises(CannotRun) as caught:
            await run_command(command)
        assert caught.value.code == code
        if mode != 0o755:
            with pytest.raises(CannotRun) as caught:
                check_runnable(command)
            assert caught.value.code == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_signals_are_passed_on(number: signal.Signals, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = (
        "import pathlib, signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(7))\n"
        f"pathlib.Path({str(ready)!r}).touch()\ntime.sleep(30)"
    )
    running = asyncio.create_task(run_command([sys.executable, "-c", script]))
    async with asyncio.timeout(20):
        await eventually(ready.exists)
        os.kill(os.getpid(), number)
        assert await running == 7
