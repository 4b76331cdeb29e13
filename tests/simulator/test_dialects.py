"""The three dialects of the provider's API, through the product's own client."""

from __future__ import annotations

import httpx
import pytest

from tests.helpers.simulators import BEARER, client, demo
from tui.vps.errors import NotFound, Rejected
from tui.vps.models import Phase

DIALECTS = ["docs", "client", "bare"]


async def test_the_client_lives_a_whole_life(dialect: str) -> None:
    with demo(dialect=dialect) as (url, app):
        mine = app.world.list_snapshots(app.world.account)
        async with client(url) as speaking:
            servers = await speaking.servers()
            assert len(servers.items) == 12
            assert servers.settled
            assert not servers.problems
            listing = await speaking.snapshots()
            assert [s.name for s in listing.items] == [s.name for s in mine]
            assert listing.settled
            assert {s.server_id for s in listing.items} <= {s.id for s in servers.items}
            mail = next(s for s in servers.items if s.name == "mail")
            assert (mail.status, mail.location, mail.os) == ("active", "Frankfurt, DE", "Debian 12")
            sizes = "VPS-2 · 2 vCPU · 4 GB · 80 GB"
            assert mail.plan == ("VPS-2" if dialect == "client" else sizes)
            assert (await speaking.server(mail.id)).plan == sizes
            assert mail.address.startswith("203.0.113.")
            begun = await speaking.create_snapshot(mail.id, "new", "before it all")
            assert begun.phase is Phase.BUSY
            assert begun.server_id == mail.id
            app.world.advance(600)
            listed = {s.id: s for s in (await speaking.snapshots(mail.id)).items}
            assert len(listed) == 3
            assert listed[begun.id].phase is Phase.COMPLETED
            assert listed[begun.id].description == "before it all"
            assert (await speaking.restore_snapshot(begun.id)).server_id == mail.id
            assert (await speaking.server(mail.id)).status == "restoring"
            app.world.advance(900)
            await speaking.power(mail.id, "stop")
            assert (await speaking.server(mail.id)).status == "stopped"
            assert await speaking.delete_snapshot(begun.id) is True
            assert await speaking.delete_snapshot(begun.id) is False
            assert (await speaking.account()).email == "admin@example.org"


def test_each_dialect_has_its_own_shapes(dialect: str) -> None:
    with demo(dialect=dialect) as (url, _), httpx.Client(base_url=url, headers=BEARER) as http:
        answer = http.get("/snapshots/").json()
        items = answer if dialect == "bare" else answer["results"]
        if dialect == "client":
            assert set(answer) == {"count", "next", "previous", "results"}
            assert len(items) == 20
            assert {"uuid", "server_uuid", "server_hostname"} <= set(items[0])
            assert "id" not in items[0]
            server = http.get("/servers/").json()["results"][0]
            assert {"uuid", "hostname", "ip_address", "location_name", "os_name"} <= set(server)
            assert "name" not in server
        else:
            assert isinstance(items[0]["id"], int)
            assert set(items[0]["server"]) == {"id", "name"}
        if dialect == "docs":
            assert set(answer) == {"count", "results"}


def test_pages_of_the_clients_dialect_hold_20_and_at_most_100() -> None:
    fleet = demo("ten-thousand-servers", dialect="client")
    with fleet as (url, _), httpx.Client(base_url=url, headers=BEARER) as http:
        first = http.get("/servers/").json()
        assert len(first["results"]) == 20
        assert first["previous"] is None
        assert len(http.get("/servers/?page_size=1000").json()["results"]) == 100
        assert len(http.get("/servers/?page_size=none").json()["results"]) == 20
        second = http.get(first["next"]).json()
        assert second["results"][0] != first["results"][0]
        assert second["previous"] == f"{url}/servers/"
        last = http.get("/servers/?page=last&page_size=100").json()
        assert last["next"] is None


async def test_snapshots_under_the_server_take_a_label() -> None:
    with demo(dialect="client") as (url, app), httpx.Client(base_url=url, headers=BEARER) as http:
        mail = next(s for s in app.world.servers.values() if s.name == "mail")
        path = f"/servers/{mail.uuid}/snapshot/"
        made = http.post(path, json={"label": "labelled"})
        assert made.status_code == 201
        assert made.json()["name"] == "labelled"
        assert made.json()["server_uuid"] == mail.uuid
        assert http.post(path, json={"label": "free text, as it is"}).json()["name"] == (
            "free text, as it is"
        )
        app.world.advance(600)
        unnamed = http.post(path)
        assert unnamed.json()["name"] == "snapshot-20250122-121000"
        refused = http.post(path, json={"label": "x" * 256})
        assert refused.status_code == 400
        assert http.post("/servers/nobody/snapshot/", json={}).status_code == 404
        assert http.get(path).headers["allow"] == "POST, OPTIONS"


async def test_ids_of_the_other_dialect_are_no_integers() -> None:
    with demo() as (url, app):
        mail = next(s for s in app.world.servers.values() if s.name == "mail")
        async with client(url) as speaking:
            with pytest.raises(Rejected) as refused:
                await speaking.create_snapshot(mail.uuid, "name")
            assert refused.value.fields == {"server_id": "A valid integer is required."}
            with pytest.raises(NotFound):
                await speaking.server("no-such-thing")


async def test_a_servers_password_is_told_and_not_kept() -> None:
    with demo(dialect="client") as (url, app):
        mail = next(s for s in app.world.servers.values() if s.name == "mail")
        told = httpx.get(f"{url}/servers/{mail.uuid}/", headers=BEARER).json()
        assert told["password"]
        assert "password" not in httpx.get(f"{url}/servers/", headers=BEARER).text
        async with client(url) as speaking:
            assert told["password"] not in repr(await speaking.server(mail.uuid))
