"""Why a write cannot be asked for now, as far as it is known here."""

from __future__ import annotations

from tui.fleet.operation import Kind
from tui.fleet.state import Fleet, ServerView
from tui.vps.models import Account, Phase, Snapshot

STALE = "the data is not live: nothing is destroyed on old knowledge"
WRITES = {"create": Kind.CREATE, "restore": Kind.RESTORE, "delete": Kind.DELETE}


def refusal(
    kind: Kind, fleet: Fleet, view: ServerView | None, snapshot: Snapshot | None
) -> str | None:
    """Why this cannot be asked for now, in one sentence; None where it can.

    Only what is known here: the provider, and what is read again on confirming, decide.
    """
    if view is None:
        return "no server is chosen"
    operation = fleet.operations.get(view.server.id)
    if operation is not None:
        what = f"{operation.kind.value} of {operation.snapshot_name}"
        return f"{what} is open on {view.server.name} ({operation.state.value})"
    if fleet.restoring(view.server.id):
        return f"{view.server.name} is being restored"
    if kind is Kind.CREATE:
        return None
    if not fleet.freshness.live:
        return STALE
    if snapshot is None or snapshot.server_id != view.server.id:
        return "no snapshot is chosen"
    if kind is Kind.RESTORE and snapshot.phase is not Phase.COMPLETED:
        return f"{snapshot.name} is {snapshot.status.replace('_', ' ')}, not completed"
    if kind is Kind.DELETE and snapshot.phase not in (Phase.COMPLETED, Phase.FAILED):
        return f"{snapshot.name} is {snapshot.status.replace('_', ' ')}"
    if kind is Kind.DELETE and snapshot.id in fleet.protected:
        return f"{snapshot.name} is protected here, by Ciplun alone"
    return None


def token_refusal(account: Account | None) -> str | None:
    """Why the token may not write, None where it may or where its permissions are not known."""
    if account is None or not account.permissions or account.may("servers:write"):
        return None
    if account.may("servers:read"):
        return "the token may only read: it needs servers:*"
    return "the token may not write: it needs servers:*"
