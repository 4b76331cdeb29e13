"""The counts of the views are those of their selectors, however the fleet came to be as it is."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from types import MappingProxyType

from tui.fleet.health import Severity
from tui.fleet.scope import Scope
from tui.fleet.selectors import parse
from tui.fleet.state import Fleet, ServerView, newest_first
from tui.fleet.views import ViewCounts, views
from tui.vps.models import Key, Server, Snapshot

NOW = 1_737_547_200.0


def server(key: int, chance: random.Random) -> ServerView:
    snapshots = [
        Snapshot(
            id=key * 10 + n,
            server_id=key,
            server_name=f"web-{key}",
            name=f"s{n}",
            status=chance.choice(["completed", "failed", "in_progress"]),
            created_at=datetime.fromtimestamp(NOW - chance.random() * 14 * 86_400, UTC),
        )
        for n in range(chance.randrange(6))
    ]
    return ServerView(Server(id=key, name=f"web-{key}"), newest_first(snapshots))


def test_counts_agree_with_the_selectors_after_any_changes() -> None:
    chance = random.Random(7)
    known = views({"risky": "problem age>3d"})
    counts, fleet = ViewCounts(known), dict[Key, ServerView]()
    judge = Scope(Fleet(), NOW).judge
    for step in range(60):
        key = chance.randrange(12)
        if chance.random() < 0.3:
            fleet.pop(key, None)
        else:
            fleet[key] = server(key, chance)
        scope = Scope(Fleet(servers=MappingProxyType(dict(fleet))), NOW + step * 7_200, judge)
        found = counts.count(scope)
        for view, count in zip(known, found.counts, strict=True):
            selector = parse(view.selector, scope.groups)
            assert count == sum(selector.server(v, scope) for v in fleet.values()), view.name
        critical = [scope.health(v).severity is Severity.CRITICAL for v in fleet.values()]
        assert found.critical == sum(critical)
