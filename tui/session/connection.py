"""What exists only once there is a token and its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tui.fleet.poller import Poller
    from tui.fleet.writes.operations import Operations
    from tui.fleet.writes.plans import Plans
    from tui.fleet.writes.restarts import Restarts
    from tui.vps.client import Client


class Connection(msgspec.Struct, frozen=True):
    """What exists only once there is a token and its client."""

    client: Client
    poller: Poller
    operations: Operations
    plans: Plans
    restarts: Restarts
