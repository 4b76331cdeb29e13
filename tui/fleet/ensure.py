"""Whether a server needs a snapshot now, and what has to go for it. It is pure.

Asked again it answers the same until something has changed: safe to run at any time.
"""

from __future__ import annotations

import enum
from collections.abc import Container, Sequence
from datetime import datetime
from typing import Final

import msgspec

from tui.config.ages import Age
from tui.config.tables import Policy
from tui.fleet.health import AHEAD, OVERDUE, ahead
from tui.fleet.operation import Kind, Operation
from tui.fleet.plan import Step, target_step
from tui.fleet.retention import retain
from tui.fleet.state import ServerView, newest_first
from tui.fleet.templates import Template
from tui.fleet.writes.drafts import create_steps, dispensable, no_room
from tui.vps.models import SLOTS, Key, Phase, Snapshot

NAME: Final = "ensured-{date}"
"""The template of names where none is given."""


class Course(enum.Enum):
    """What is to be done on one server."""

    FRESH = "fresh"
    ON_ITS_WAY = "on its way"
    CREATE = "create"
    NO_ROOM = "no room"
    BLOCKED = "blocked"  # something else is at the server, or nobody can tell what it has


WELL: Final = frozenset({Course.FRESH, Course.ON_ITS_WAY, Course.CREATE})
"""Where the server is, or is about to be, as it should be."""


class Wanted(msgspec.Struct, frozen=True):
    """What every server should have: a completed snapshot younger than `max_age` seconds.

    With `make_room` a full server loses the most dispensable one first. A `policy` says what else
    goes, once a new one is completed.
    """

    max_age: float
    template: Template = msgspec.field(default_factory=lambda: Template(NAME))
    make_room: bool = False
    policy: Policy | None = None


class Decision(msgspec.Struct, frozen=True):
    """What one server needs, in words. `goes` has to be deleted before `name` is created."""

    view: ServerView
    course: Course
    words: str
    name: str = ""
    goes: tuple[Snapshot, ...] = ()


def decide(
    view: ServerView,
    wanted: Wanted,
    now: datetime,
    *,
    protected: Container[Key] = (),
    operation: Operation | None = None,
) -> Decision:
    """What a server needs at `now`, with its open operation if there is one."""
    ages = _ages(view, now)
    newest = min((age for age in ages if age >= -AHEAD), default=None)
    if newest is not None and newest < wanted.max_age:
        return Decision(view, Course.FRESH, f"has a snapshot younger than {Age(wanted.max_age)}")
    if operation is not None and operation.kind is not Kind.CREATE:
        why = f"{operation.title} is open ({operation.stands})"
        return Decision(view, Course.BLOCKED, why)
    if view.server.status == "restoring":
        return Decision(view, Course.BLOCKED, "it is being restored")
    if on_its_way := _on_its_way(view, now, operation):
        return on_its_way
    if len(ages) < _completed(view) or any(age < -AHEAD for age in ages):
        why = "the date of a snapshot is missing or in the future"
        return Decision(view, Course.BLOCKED, why)
    return _with_room(view, wanted, now, protected)


def _completed(view: ServerView) -> int:
    return sum(snapshot.phase is Phase.COMPLETED for snapshot in view.snapshots)


def _ages(view: ServerView, now: datetime) -> Sequence[float]:
    """The ages of completed snapshots that have a date, in seconds."""
    return [
        (now - snapshot.created_at).total_seconds()
        for snapshot in view.snapshots
        if snapshot.phase is Phase.COMPLETED and snapshot.created_at is not None
    ]


def _on_its_way(view: ServerView, now: datetime, operation: Operation | None) -> Decision | None:
    for snapshot in view.snapshots:
        if snapshot.phase is not Phase.BUSY:
            continue
        words, began = f"{snapshot.name} is {snapshot.status_words}", snapshot.created_at
        if not snapshot.making:
            return Decision(view, Course.BLOCKED, words)
        if began is not None and (now - began).total_seconds() >= OVERDUE:
            return Decision(view, Course.BLOCKED, f"{snapshot.name} is overdue")
        if operation is None and (began is None or ahead(began, now)):
            return Decision(view, Course.BLOCKED, f"{words}, and since when cannot be told")
        return Decision(view, Course.ON_ITS_WAY, words)
    if operation is not None:
        words = f"{operation.title} is open ({operation.stands})"
        return Decision(view, Course.ON_ITS_WAY, words)
    return None


def _with_room(
    view: ServerView, wanted: Wanted, now: datetime, protected: Container[Key]
) -> Decision:
    name = wanted.template.name(now, {snapshot.name for snapshot in view.snapshots})
    if not view.full:
        return Decision(view, Course.CREATE, f"creates {name}", name)
    goes: Sequence[Snapshot] = surplus(view, wanted, now, protected)
    if not goes and wanted.make_room:
        goes = dispensable(view, protected)[:1]
    if len(goes) <= view.used - SLOTS:
        asked = wanted.make_room or view.used > SLOTS
        why = no_room(view) if asked else "making room was not asked for"
        return Decision(view, Course.NO_ROOM, f"all {SLOTS} slots are used, and {why}")
    names = ", ".join(snapshot.name for snapshot in goes)
    return Decision(view, Course.CREATE, f"deletes {names} and creates {name}", name, tuple(goes))


def surplus(
    view: ServerView, wanted: Wanted, now: datetime, protected: Container[Key]
) -> Sequence[Snapshot]:
    """What the policy does not keep, the oldest first; nothing without a policy.

    Failed ones of its own go too, but not as long as they are the last that happened, unless all
    slots are used: somebody is to see them.
    """
    if wanted.policy is None:
        return ()
    made = Template(wanted.policy.name).made
    goes = retain(view, wanted.policy, made, now, protected=protected, failed=True).goes
    newest = view.newest_completed
    since = newest.created_at if newest is not None else None
    return [
        snapshot
        for snapshot in goes
        if snapshot.phase is not Phase.FAILED
        or view.full
        or (since is not None and (snapshot.created_at is None or snapshot.created_at < since))
    ]


def steps_of(
    decision: Decision, wanted: Wanted, now: datetime, protected: Container[Key], *, ends: bool
) -> Sequence[Step]:
    """What would be sent for a decision, in order; with `ends` also once its create has ended."""
    view = decision.view
    steps: list[Step] = []
    if decision.course is Course.CREATE:
        steps = create_steps(view.server, decision.name, "", decision.goes)
        view = _after(decision, now)
    elif decision.course is not Course.FRESH:
        return ()
    if decision.course is Course.FRESH or ends:
        while goes := surplus(view, wanted, now, protected):
            steps.append(target_step(Kind.DELETE, goes[0], pruned_by(wanted)))
            view = _without(view, goes[:1])
    return steps


def pruned_by(wanted: Wanted) -> str:
    """Why what the policy does not keep is deleted."""
    return f"by the policy for {wanted.template.text}"


def _after(decision: Decision, now: datetime) -> ServerView:
    """A server once what was decided is done and completed."""
    server = decision.view.server
    made = Snapshot(
        id="",
        server_id=server.id,
        server_name=server.name,
        name=decision.name,
        status="completed",
        created_at=now,
    )
    left = _without(decision.view, decision.goes).snapshots
    return ServerView(server, newest_first((made, *left)))


def _without(view: ServerView, goes: Sequence[Snapshot]) -> ServerView:
    left = tuple(snapshot for snapshot in view.snapshots if snapshot not in goes)
    return ServerView(view.server, left)
