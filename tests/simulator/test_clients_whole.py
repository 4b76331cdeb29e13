"""The provider's own two clients as they are installed: everything that they can ask is asked."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from vps_cli.client import APIError, VPSClient  # type: ignore[import-untyped]

from tests.helpers.simulators import TOKEN, demo
from tui.simulator.catalogue import PLANS, VERSIONS
from tui.simulator.web import SimulatorApp

KEY: dict[str, object] = {"server_uuid": ""}
"""In place of the uuid of a server."""
ABOUT_SERVERS: dict[str, dict[str, object]] = {
    "list_plans": {},
    "list_locations": {},
    "list_operating_systems": {},
    "list_servers": {},
    "get_server": KEY,
    "server_power": {**KEY, "action": "restart"},
    "create_snapshot": {**KEY, "label": "by a tool"},
    "create_backup": KEY,
    "create_server": {
        "hostname": "new",
        "location_id": 1,
        "plan_uuid": PLANS[0].uuid,
        "os_version_uuid": next(iter(VERSIONS)),
    },
    "resize_server": {**KEY, "new_plan_uuid": PLANS[3].uuid},
    "delete_server": KEY,
}
ABOUT_ELSE: dict[str, dict[str, object]] = {
    "list_domains": {},
    "get_domain": {"domain_uuid": "x"},
    "search_domains": {"domain": "example.org"},
    "update_nameservers": {"domain_uuid": "x", "ns1": "ns1.example.org"},
    "renew_domain": {"domain_uuid": "x"},
    "list_dns_zones": {},
    "get_dns_zone": {"zone_uuid": "x"},
    "create_dns_zone": {"domain": "example.org"},
    "delete_dns_zone": {"zone_uuid": "x"},
    "create_dns_record": {"zone_uuid": "x", "record_type": "A", "name": "@", "value": "192.0.2.1"},
    "update_dns_record": {"record_uuid": "x", "ttl": 60},
    "delete_dns_record": {"record_uuid": "x"},
    "list_ssh_keys": {},
    "add_ssh_key": {"name": "a", "public_key": "ssh-ed25519 AAAA"},
    "delete_ssh_key": {"ssh_key_uuid": "x"},
}


async def test_each_tool_of_vps_mcp_is_answered_or_is_about_something_else() -> None:
    """As an assistant starts it: by its command, with the address and the token in variables."""
    with demo(dialect="client") as (url, app):
        (mail,) = (s for s in app.world.servers.values() if s.name == "mail")
        surroundings = {"VPS_API_URL": url, "VPS_API_TOKEN": TOKEN, "PATH": os.environ["PATH"]}
        program = str(Path(sys.executable).with_name("vps-mcp"))
        started = StdioServerParameters(command=program, env=surroundings)
        with Path(os.devnull).open("w") as log:
            async with stdio_client(started, errlog=log) as (read, write):
                async with ClientSession(read, write) as session:
                    await session.initialize()
                    tools = {tool.name for tool in (await session.list_tools()).tools}
                    assert tools == ABOUT_SERVERS.keys() | ABOUT_ELSE.keys()
                    for tool, arguments in ABOUT_SERVERS.items():
                        key = {"server_uuid": mail.uuid} if "server_uuid" in arguments else {}
                        told = await _told(session, tool, {**arguments, **key})
                        assert "Error" not in told, (tool, told)
                    for tool, arguments in ABOUT_ELSE.items():
                        told = await _told(session, tool, arguments)
                        assert told.startswith("Error (404): "), (tool, told)
        assert mail.id not in app.world.servers


async def _told(session: ClientSession, tool: str, arguments: dict[str, object]) -> str:
    answer = await session.call_tool(tool, arguments)
    assert not answer.isError, (tool, answer)
    return str(answer.content[0].text)  # type: ignore[union-attr]


def test_each_method_of_vpsdotorg_is_answered_or_is_about_something_else() -> None:
    with demo(dialect="client") as (url, app):
        client = VPSClient(TOKEN, url.removesuffix("/api/v1"))
        assert len(client.list_servers()["results"]) == 12
        assert client.get_server(_first(app))["hostname"] == "web-server-01"
        asked = {"list_servers", "get_server", "get", "post", "put", "delete"}
        others = dict(inspect.getmembers(VPSClient, inspect.isfunction))
        for name, method in others.items():
            if name.startswith("_") or name in asked:
                continue
            arguments: list[Any] = ["x"] * (len(inspect.signature(method).parameters) - 1)
            with pytest.raises(APIError) as refused:
                method(client, *arguments)
            assert refused.value.status_code == 404, name
        assert len(others) >= 18


def _first(app: SimulatorApp) -> str:
    return next(iter(app.world.by_uuid))
