"""The provider's own two clients, whole, against the simulator in the dialect that they speak."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.helpers.simulators import TOKEN, demo
from tui.simulator.objects import SimServer
from tui.simulator.rules import MANUAL_BACKUPS
from tui.simulator.web import SimulatorApp

# -- vps-mcp: tools for assistants -----------------------------------------------------------------


class Tools:
    """The tools of ``vps-mcp``, called as an assistant calls them."""

    def __init__(self, app: SimulatorApp, server: Any) -> None:
        self.app = app
        self._server = server

    async def __call__(self, tool: str, **arguments: object) -> str:
        content, _ = await self._server.mcp.call_tool(tool, arguments)
        return str(content[0].text)

    def machine(self, name: str) -> SimServer:
        return next(s for s in self.app.world.servers.values() if s.name == name)


@pytest.fixture
async def tools() -> Any:
    server: Any = importlib.import_module("vps_mcp.server")
    client: Any = importlib.import_module("vps_mcp.client")
    with demo(dialect="client") as (url, app):
        server._client = client.VPSClient(TOKEN, url)
        yield Tools(app, server)
        await server._client.close()
        server._client = None


async def test_servers_are_listed_by_the_page(tools: Tools) -> None:
    first = await tools("list_servers", page_size=5)
    assert first.count("Server: ") == 5
    assert first.endswith("Page 1 of 3 (12 total)")
    block = first.split("\n\n")[0].splitlines()
    assert block == [
        "Server: web-server-01",
        "  UUID: 7e0f6c52-3b1d-4c0e-8a39-5b9d2c6e1f00",
        "  Status: active",
        "  IPv4: 203.0.113.1",
        "  IPv6: 2001:db8::3039",
        "  Location: London, UK",
        "  Plan: VPS-2",
        "  OS: Debian 12",
        "  Deployed: True",
        "  Created: 2024-07-06T12:00:00Z",
    ]
    assert (await tools("list_servers", page=3, page_size=5)).count("Server: ") == 2
    assert await tools("list_servers", page=4, page_size=5) == "Error (404): Invalid page."


async def test_one_server_has_objects_and_a_password(tools: Tools) -> None:
    mail = tools.machine("mail")
    told = (await tools("get_server", server_uuid=mail.uuid)).splitlines()
    assert f"  IPv4: {mail.address}" in told
    assert "  Location: Frankfurt, DE" in told
    assert "  Plan: 4 GB RAM, 2 vCPUs, 80 GB disk" in told
    assert "  OS: Debian 12" in told
    assert f"  Password: secret-of-{mail.id}" in told
    nobody = "00000000-0000-4000-8000-000000000000"
    assert await tools("get_server", server_uuid=nobody) == "Error (404): Not found."


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("before-it", "before-it"),
        ("before the great update!", "before the great update!"),
        (None, None),
    ],
)
async def test_a_snapshot_is_made_with_any_label_or_none(
    tools: Tools, name: str | None, label: str | None
) -> None:
    mail = tools.machine("mail")
    arguments = {"label": name} if name else {}
    told = await tools("create_snapshot", server_uuid=mail.uuid, **arguments)
    assert told.startswith(f"Snapshot initiated for server {mail.uuid}.")
    newest = next(reversed(tools.app.world.by_server[mail.id].values()))
    assert newest.name == (label or "snapshot-20250122-120000")
    assert f"  name: {newest.name}" in told
    assert "  status: in_progress" in told


async def test_a_sixth_snapshot_is_refused(tools: Tools) -> None:
    told = await tools("create_snapshot", server_uuid=tools.machine("db-01").uuid)
    assert told == "Error (400): Snapshot limit reached. Maximum 5 snapshots per server."


async def test_a_backup_is_made_by_hand_up_to_ten(tools: Tools) -> None:
    db = tools.machine("db-01")
    told = await tools("create_backup", server_uuid=db.uuid)
    assert told.startswith(f"Backup initiated for server {db.uuid}.")
    assert "  backup_type: manual" in told
    assert "  status: in_progress" in told
    made = next(reversed(tools.app.world.backups.values()))
    assert made.status(tools.app.world.clock.now()) == "in_progress"
    tools.app.world.advance(3600)
    assert made.status(tools.app.world.clock.now()) == "completed"
    for _ in range(MANUAL_BACKUPS - 2):
        assert "initiated" in await tools("create_backup", server_uuid=db.uuid)
    refused = await tools("create_backup", server_uuid=db.uuid)
    assert refused == "Error (400): Backup limit reached. Maximum 10 manual backups per server."


@pytest.mark.parametrize(
    ("action", "meanwhile", "then"),
    [
        ("stop", "active", "stopped"),
        ("hard_stop", "active", "stopped"),
        ("restart", "stopped", "active"),
        ("start", "active", "active"),
    ],
)
async def test_power_takes_its_time(tools: Tools, action: str, meanwhile: str, then: str) -> None:
    mail = tools.machine("mail")
    tools.app.world.power_seconds = dict.fromkeys(("start", "stop", "restart", "hard_stop"), 20.0)
    told = await tools("server_power", server_uuid=mail.uuid, action=action)
    assert told == f"Power action '{action}' sent to server {mail.uuid}."
    for status in (meanwhile, then):
        assert f"  Status: {status}" in await tools("get_server", server_uuid=mail.uuid)
        tools.app.world.advance(20)
    refused = await tools("server_power", server_uuid=tools.machine("billing").uuid, action=action)
    assert refused == "Error (400): Server is not in a valid state for this action."


async def test_a_server_is_made_resized_and_deleted(tools: Tools) -> None:
    plans, systems = await tools("list_plans"), await tools("list_operating_systems")
    places = await tools("list_locations")
    uuids = [line.split()[-1] for line in plans.splitlines() if "UUID" in line]
    system = next(line for line in systems.splitlines() if "Debian 12" in line)
    assert "Country: Germany (DE)" in places
    wanted = {
        "hostname": "brand-new",
        "location_id": 2,
        "plan_uuid": uuids[0],
        "os_version_uuid": system.rpartition("UUID: ")[2].rstrip(")"),
        "ssh_key_ids": ["5d0c9a3e-0a55-5f6e-9c0b-1b7a0d2f4e11"],
    }
    told = await tools("create_server", **wanted)
    assert told.startswith("Server creation initiated.\n\nServer: brand-new")
    assert "  Deployed: False" in told
    made = tools.machine("brand-new")
    tools.app.world.advance(180)
    told = await tools("get_server", server_uuid=made.uuid)
    assert "  Status: active" in told
    assert "  Deployed: True" in told
    assert "  Plan: 2 GB RAM, 1 vCPUs, 40 GB disk" in told
    refused = await tools("create_server", **{**wanted, "plan_uuid": "x", "location_id": 9})
    assert refused == "Error (400):\n  plan: Must be a valid UUID."
    resized = await tools("resize_server", server_uuid=made.uuid, new_plan_uuid=uuids[3])
    assert resized.startswith(f"Resize initiated for server {made.uuid}.")
    assert (made.vcpus, made.storage) == (8, 320)
    await tools("create_snapshot", server_uuid=made.uuid)
    told = await tools("delete_server", server_uuid=made.uuid)
    assert told == f"Server {made.uuid} has been deleted."
    assert await tools("get_server", server_uuid=made.uuid) == "Error (404): Not found."
    assert all(s.server is not made for s in tools.app.world.snapshots.values())


async def test_what_has_nothing_to_do_with_servers_is_not_there(tools: Tools) -> None:
    for tool in ("list_domains", "list_dns_zones", "list_ssh_keys"):
        assert (await tools(tool)).startswith("Error (404): ")


# -- vpsdotorg: the ``vps`` command ----------------------------------------------------------------

Run = Callable[..., Result]


@pytest.fixture
def vps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Run, SimulatorApp]]:
    """``vps`` in an empty project and an empty home."""
    config: Any = importlib.import_module("vps_cli.config")
    cli: Any = importlib.import_module("vps_cli.cli")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "CONFIG_DIR", tmp_path / ".vps")
    monkeypatch.setattr(config, "CONFIG_FILE", tmp_path / ".vps" / "config.json")
    with demo(dialect="client") as (url, app):

        def run(*arguments: str, typed: str = "") -> Result:
            told = [word.replace("URL", url.removesuffix("/api/v1")) for word in arguments]
            return CliRunner().invoke(cli.main, told, input=typed)

        yield run, app


def test_login_counts_the_servers(vps: tuple[Run, SimulatorApp]) -> None:
    run, _ = vps
    done = run("login", "--token", TOKEN, "--api-url", "URL")
    assert (done.exit_code, done.output) == (0, "Logged in successfully. 12 server(s) found.\n")
    refused = run("login", "--token", "vps_wrong", "--api-url", "URL")
    assert refused.exit_code == 1


def test_a_project_is_linked_by_choice_and_by_uuid(
    vps: tuple[Run, SimulatorApp], tmp_path: Path
) -> None:
    run, app = vps
    run("login", "--token", TOKEN, "--api-url", "URL")
    linked = run("link", typed="3\nshop\npython\n")
    db = next(s for s in app.world.servers.values() if s.name == "db-01")
    assert f"  [3] db-01 ({db.address}) — active [{db.uuid[:8]}]" in linked.output
    assert "Linked to db-01" in linked.output
    kept = json.loads((tmp_path / ".vps-link").read_text())
    assert kept == {"server_uuid": db.uuid, "hostname": "db-01"}
    assert (
        "Linked to web-server-01" in run("link", "--server", next(iter(app.world.by_uuid))).output
    )
    assert run("link", "--server", "no-such-server").exit_code == 1


def test_ssh_finds_the_address(
    vps: tuple[Run, SimulatorApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, app = vps
    run("login", "--token", TOKEN, "--api-url", "URL")
    run("link", typed="5\nshop\npython\n")
    mail = next(s for s in app.world.servers.values() if s.name == "mail")
    begun: list[list[str]] = []
    monkeypatch.setattr(os, "execvp", lambda program, arguments: begun.append(arguments))
    assert run("ssh").exit_code == 0
    assert begun == [["ssh", f"root@{mail.address}"]]
