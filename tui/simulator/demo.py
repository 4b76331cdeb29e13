"""The demo fleet: a dozen servers in every state that is worth looking at. And large ones."""

from __future__ import annotations

from datetime import UTC, datetime

from tui.simulator.catalogue import LOCATIONS, PLANS
from tui.simulator.objects import Account, SimServer
from tui.simulator.world import World

DAY = 24.0
NEIGHBOUR = "neighbour@example.net"
PUBLISHED_SERVER = "7e0f6c52-3b1d-4c0e-8a39-5b9d2c6e1f00"
PUBLISHED_SNAPSHOT = "0c2a5d1e-8f7b-4a57-9d43-6f1f4a1f2b10"
"""Of web-server-01, id 12345, and its pre-migration-snapshot, id 801: the published examples."""


def demo_fleet(world: World) -> None:
    """Fill an empty world with the dozen."""
    now = world.clock.now()

    def server(
        name: str, place: int, size: int, power: str = "active", **more: object
    ) -> SimServer:
        facts: dict[str, object] = {**PLANS[size].size, **more}
        return world.add_server(name, power=power, location=LOCATIONS[place].name, **facts)

    def dated(form: str, hours: float) -> str:
        return datetime.fromtimestamp(now - hours * 3600, UTC).strftime(form)

    web1 = server("web-server-01", 0, 1, uuid=PUBLISHED_SERVER)
    weekly = dated("weekly-%Y-%m-%d", 14 * DAY)
    world.add_snapshot(web1, weekly, hours=14 * DAY, size_mb=4813, description="Weekly, by hand")
    world.add_snapshot(
        web1,
        "pre-migration-snapshot",
        hours=8 * DAY,
        size_mb=5120,
        description="Before major migration",
        uuid=PUBLISHED_SNAPSHOT,
    )
    world.add_snapshot(
        web1, "before-update", hours=0.036, ready_in=170, description="Before the kernel update"
    )
    server("web-server-02", 0, 1)
    db1 = server("db-01", 1, 3, os="Ubuntu 24.04")
    for n, hours in enumerate((7 * DAY, 98, 50, 26, 2)):
        world.add_snapshot(
            db1, f"nightly-{n + 1}", hours=hours, description="Before the nightly batch"
        )
    db2 = server("db-02-replica", 1, 3, os="Ubuntu 24.04")
    world.add_snapshot(db2, "before-resync", hours=3 * DAY)
    world.add_snapshot(db2, "resync-retry", hours=2.5 * DAY, outcome="failed")
    mail = server("mail", 1, 1)
    world.add_snapshot(mail, "before-dovecot-2_4", hours=20, description="Major version")
    world.add_snapshot(mail, "before-rspamd", hours=6 * DAY)
    shop = server("shop-production-eu-central-1", 1, 2)
    for n in range(4):
        hours = (91 - n * 30) * DAY
        world.add_snapshot(shop, dated("release-%Y-%m", hours), hours=hours)
    shop_new = server("shop-staging", 1, 1, "stopped")
    world.add_snapshot(shop_new, "clean-install", hours=200 * DAY, size_mb=1536)
    old = server("legacy-crm", 2, 1, os="CentOS 7")
    world.add_snapshot(old, "before-anything", hours=400 * DAY, description="Do not delete")
    server("billing", 2, 2, "suspended")
    ci = server("ci-runner", 3, 2)
    world.add_snapshot(ci, "golden-image", hours=12 * DAY, size_mb=7168)
    world.add_snapshot(ci, "golden-image-new", hours=5 * DAY, size_mb=7424)
    ci.restoring_until = now + 420
    vpn = server("vpn-gateway", 3, 0)
    world.add_snapshot(vpn, "wireguard-ok", hours=40 * DAY, size_mb=980)
    games = server("games", 3, 2)
    for n in range(4):
        world.add_snapshot(games, f"season-{n + 1}", hours=(4 - n) * 60 * DAY)
    world.add_snapshot(games, "season-5-beta", hours=0.01, ready_in=420)
    for day in range(7):
        world.add_backup(db1, "automatic", 9216, hours=day * DAY + 9, expires_in=(7 - day) * 86_400)
    world.add_backup(db1, "manual", 9120, hours=30 * DAY, description="Before the new disk")
    world.add_backup(mail, "automatic", 3072, hours=9, expires_in=7 * 86_400)


def published_fleet(world: World) -> None:
    """The provider's own example, and nothing else: one server with one snapshot and one backup."""
    now = world.clock.now()
    made = datetime(2025, 1, 15, 18, 30, tzinfo=UTC).timestamp()
    server = world.add_server("web-server-01", uuid=PUBLISHED_SERVER, created_at=made - 86_400)
    world.add_snapshot(
        server,
        "pre-migration-snapshot",
        key=801,
        hours=(now - made) / 3600,
        size_mb=5120,
        description="Before major migration",
        uuid=PUBLISHED_SNAPSHOT,
    )
    nightly = now - (now % 86_400) + 3 * 3600 - 86_400
    world.add_backup(
        server, "automatic", 9216, hours=(now - nightly) / 3600, expires_in=31 * 86_400
    )


def neighbours(world: World) -> None:
    """Another customer of the same provider, whose things nobody else may see."""
    account = Account(NEIGHBOUR, "Someone", "Else", "Neighbour")
    server = world.add_server("not-yours", account=account)
    world.add_snapshot(server, "not-yours-either")


def large_fleet(world: World, servers: int) -> None:
    """Fill an empty world with any number of servers, five snapshots each in the mean."""
    pick = world.random
    roles = ("web", "db", "cache", "worker", "mail", "build", "proxy", "node")
    for n in range(servers):
        server = world.add_server(
            f"{roles[n % 8]}-{n:05}",
            power="stopped" if n % 23 == 0 else "active",
            location=LOCATIONS[n % 4].name,
            **PLANS[n % 4].size,
        )
        for slot in range(5):
            hours = (slot + 1) * 24 * 7 + pick.random() * 100
            outcome = "failed" if (n + slot) % 97 == 0 else "completed"
            world.add_snapshot(server, f"weekly-{52 - slot}", hours=hours, outcome=outcome)
