"""The one place that says why something may not be written; every door asks it.

A reason is a sentence without keys and without words of one door: whoever shows it adds what its
own user can do, from the `remedy`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from typing import Final, Literal

import msgspec

from tui.fleet.operation import DENIED, Kind, Operation, may_follow
from tui.fleet.state import Fleet, ServerView
from tui.fleet.write_lock import WriteLock
from tui.vps.models import Account, Phase, Snapshot
from tui.vps.sanitize import DESCRIPTION_LENGTH, MAX_LENGTH

WRITES: Final = {"create": Kind.CREATE, "restore": Kind.RESTORE, "delete": Kind.DELETE}
"""The commands that write, by their id, and what they do."""

NAME_LENGTH: Final = MAX_LENGTH
"""Characters of a snapshot's name: the provider publishes no limit, and no more are shown."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


class Reason(msgspec.Struct, frozen=True):
    """Why something may not be written now. `remedy` is the id of the command that may lift it."""

    text: str
    remedy: Literal["", "lock", "refresh", "operations"] = ""

    def __str__(self) -> str:
        return self.text


NOT_CONNECTED: Final = Reason("not connected yet")
REMEMBERED: Final = Reason(
    "this is older, remembered data: nothing is written before it is read again",
    "refresh",
)
STALE: Final = Reason("the data is not live: nothing is restored or deleted on old data", "refresh")


def unwritable(
    lock: WriteLock, account: Account | None, forbidden: Exception | None, *, connected: bool = True
) -> Reason | None:
    """Why nothing at all may be written now; None where it may.

    `account` is None while the token's permissions are not known. `forbidden` is the provider's
    refusal of the last write, if it refused it.
    """
    if not connected:
        return NOT_CONNECTED
    if words := lock.reason():
        return Reason(words, "" if lock.read_only else "lock")
    if words := _token_refusal(account):
        return Reason(words)
    if forbidden is not None:
        return Reason(f"the provider refused the last write ({forbidden})", "refresh")
    return None


def _token_refusal(account: Account | None) -> str | None:
    if account is None or not account.permissions or account.may("servers:write"):
        return None
    if account.may("servers:read"):
        return "the token may only read: it needs servers:*"
    return "the token may not write: it needs servers:*"


def refusal(
    kind: Kind, fleet: Fleet, view: ServerView | None, snapshot: Snapshot | None
) -> Reason | None:
    """Why this may not be sent now; None where it may.

    Only what is known here: the provider, and what is read again just before, decide.
    """
    if view is None:
        return Reason("no server is chosen")
    if view.remembered:
        return REMEMBERED
    operation = fleet.operations.get(view.server.id)
    if operation is not None:
        return Reason(f"{operation.title} is open on {view.server.name} ({operation.stands})")
    if fleet.restoring(view.server.id):
        return Reason(f"{view.server.name} is being restored")
    kept = fleet.kept.get(view.server.id)
    if kept is not None and not may_follow(kind, snapshot.id if snapshot else None, kept):
        return Reason(_may_still(kept), "operations")
    if kind is Kind.CREATE:
        return None
    if not fleet.freshness.live:
        return STALE
    if snapshot is None or snapshot.server_id != view.server.id:
        return Reason("no snapshot is chosen")
    return target_refusal(kind, snapshot, fleet.protected)


def _may_still(operation: Operation) -> str:
    """Why a server waits for what has ended without proof."""
    going = "come" if operation.state in DENIED else "go on"
    how = operation.certainty.value if operation.certainty else "not proved"
    return f"the {operation.title} may still {going} ({operation.stands}: {how})"


def stop_problem(status: str) -> str:
    """Why a server of this status is not stopped for a snapshot; empty where it can be, or is."""
    if status in ("active", "stopped"):
        return ""
    return f"it is {status}" if status else "its state is not known"


def target_refusal(kind: Kind, target: Snapshot, protected: Container[object]) -> Reason | None:
    """Why this snapshot may not be restored or deleted, by its status and its protection."""
    status = target.status_words
    if kind is Kind.RESTORE and target.phase is not Phase.COMPLETED:
        if target.phase is Phase.FAILED:
            return Reason(f"snapshot {target.name} failed")
        return Reason(f"{target.name} is {status}, not completed")
    if kind is Kind.DELETE and target.phase not in (Phase.COMPLETED, Phase.FAILED):
        return Reason(f"{target.name} is {status}")
    if kind is Kind.DELETE and target.id in protected:
        return Reason(f"{target.name} is protected here, by ciplun only")
    return None


def create_advice(status: str) -> tuple[str, bool]:
    """What to know of a server in this state before it is snapshot, and whether it is a warning."""
    match status:
        case "stopped":
            return "stopped: its disks are consistent", False
        case "suspended":
            return "suspended: the provider may refuse it", True
        case "active":
            return "running: may be inconsistent on disk", True
    return f"{status.replace('_', ' ') or 'in an unknown state'}: may be inconsistent on disk", True


def name_problem(name: str, taken: Container[str] = ()) -> str:
    """What is wrong with a snapshot's name, empty where nothing is.

    The published rule allows letters, digits, hyphens and underscores.
    """
    if not name:
        return "a name is required"
    if len(name) > NAME_LENGTH:
        return f"a name has at most {NAME_LENGTH} characters"
    if not _NAME.fullmatch(name):
        wrong = next(char for char in name if not _NAME.fullmatch(char))
        return f"{_shown(wrong)} is not allowed: letters, digits, hyphens and underscores only"
    return "the server has a snapshot of this name already" if name in taken else ""


def description_problem(description: str) -> str:
    """What is wrong with a description, empty where nothing is."""
    if len(description) > DESCRIPTION_LENGTH:
        return f"a description has at most {DESCRIPTION_LENGTH} characters"
    wrong = next((c for c in description if unicodedata.category(c) in ("Cc", "Cs")), None)
    return f"{_shown(wrong)} is not allowed in a description" if wrong else ""


def _shown(char: str) -> str:
    """A sign that is not allowed, as it can be printed."""
    if char == " ":
        return "a space"
    return f"“{char}”" if char.isprintable() else f"the character U+{ord(char):04X}"
