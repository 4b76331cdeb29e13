"""Which snapshots of a server a policy keeps and which go, each with the reason. It is pure.

Each rule keeps what the rules before it do not keep already, so that the numbers add up: with
keep_last 2, keep_daily 1 and keep_weekly 1 there are four, once the history is long enough. Days,
weeks and months are those of UTC; one without a snapshot does not count.

The reserve comes first: where snapshots of others take slots, the policy keeps less, the weakest
rule first, down to one.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from tui.config.tables import Policy
from tui.fleet.health import ahead
from tui.fleet.state import Fleet, ServerView, newest_first
from tui.fleet.templates import Template
from tui.vps.models import SLOTS, Key, Phase, Snapshot

Made = Callable[[str], bool]
"""Whether a snapshot of this name is one that a policy made: no other is ever touched."""
_STRANGER: Final = "not the policy's"


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of one snapshot, and why: ``weekly 2025-W03``."""

    snapshot: Snapshot
    goes: bool
    why: str

    @property
    def words(self) -> str:
        """As it is printed: ``keep: weekly 2025-W03``."""
        return f"{'delete' if self.goes else 'keep'}: {self.why}"


class Retention(msgspec.Struct, frozen=True):
    """What a policy would do on one server, newest snapshot first."""

    view: ServerView
    verdicts: tuple[Verdict, ...]
    reserve: int = 0

    @property
    def goes(self) -> Sequence[Snapshot]:
        """What would be deleted, the oldest first."""
        return [verdict.snapshot for verdict in self.verdicts[::-1] if verdict.goes]

    @property
    def own(self) -> bool:
        """Whether any snapshot is the policy's."""
        return any(verdict.why != _STRANGER for verdict in self.verdicts)

    @property
    def short(self) -> int:
        """Slots that are missing afterwards to those which the policy wants free."""
        return max(0, self.view.used - len(self.goes) + self.reserve - SLOTS)


def by_template(text: str) -> Made:
    """Those that a template named. Raises BadTemplate."""
    return Template(text).made


def by_glob(glob: str) -> Made:
    """Those whose names a pattern matches, letter by letter."""
    return lambda name: fnmatch.fnmatchcase(name, glob)


def retain(
    view: ServerView,
    policy: Policy,
    made: Made,
    now: datetime,
    *,
    protected: Container[Key] = (),
    failed: bool = False,
    blocked: str = "",
) -> Retention:
    """What becomes of each snapshot. Raises ValueError for a policy that nobody can follow.

    `failed` ones that the policy made go too if asked for. `blocked` says why nothing on this
    server may be deleted now.
    """
    if problem := policy.problem():
        raise ValueError(problem)
    ordered = newest_first(view.snapshots)
    ruled = _kept([s for s in ordered if _counts(s, made, now)], policy)
    left = {s.id: _untouched(s, made, now, protected, failed=failed) for s in ordered}
    if blocked:
        left = {key: why if why == _STRANGER else blocked for key, why in left.items()}
    own = {key: why for key, why in ruled.items() if not left[key]}
    others = sum(bool(why) for why in left.values())
    given_up = _too_many(own, SLOTS - policy.reserve - others) if policy.reserve else ()
    verdicts = []
    for snapshot in ordered:
        key = snapshot.id
        why = ruled.get(key) or left[key]
        if key in given_up:
            why, goes = f"{policy.reserve} to stay free ({why})", True
        elif goes := not why:
            why = "failed" if snapshot.phase is Phase.FAILED else "no rule keeps it"
        verdicts.append(Verdict(snapshot, goes, why))
    return Retention(view, _never_all(verdicts), policy.reserve)


def retain_in(
    fleet: Fleet,
    view: ServerView,
    policy: Policy,
    made: Made,
    now: datetime,
    *,
    failed: bool = False,
) -> Retention:
    """As `retain`, with what the fleet knows: protection, open operations, a restore."""
    operation = fleet.operations.get(view.server.id)
    blocked = "" if operation is None else f"the {operation.title} is open"
    if fleet.restoring(view.server.id):
        blocked = "the server is being restored"
    return retain(
        view, policy, made, now, protected=fleet.protected, failed=failed, blocked=blocked
    )


def _too_many(own: Mapping[Key, str], most: int) -> Container[Key]:
    """What is given up of what the rules keep, the strongest of them first, so that few stay."""
    return list(own)[max(1, most) :]


def _counts(snapshot: Snapshot, made: Made, now: datetime) -> bool:
    """Whether the rules count a snapshot."""
    created = snapshot.created_at
    is_dated = created is not None and not ahead(created, now)
    return is_dated and snapshot.phase is Phase.COMPLETED and made(snapshot.name)


def _untouched(
    snapshot: Snapshot, made: Made, now: datetime, protected: Container[Key], *, failed: bool
) -> str:
    """Why a snapshot is none of the policy's, empty where it is one."""
    phase, created = snapshot.phase, snapshot.created_at
    if not made(snapshot.name):
        return _STRANGER
    if snapshot.id in protected:
        return "protected here"
    if phase is Phase.FAILED:
        return "" if failed else "failed ones are not deleted"
    if phase is not Phase.COMPLETED:
        return f"it is {snapshot.status_words}"
    if created is None:
        return "it has no date"
    return "its date is in the future" if ahead(created, now) else ""


def _kept(ordered: Sequence[Snapshot], policy: Policy) -> dict[Key, str]:
    """Why each snapshot that a rule keeps is kept, by its id."""
    last = {s.id: f"last {n}" for n, s in enumerate(ordered[: policy.keep_last], 1)}
    kept: dict[Key, str] = dict(last)
    for number, name, bucket in (
        (policy.keep_daily, "daily", _day),
        (policy.keep_weekly, "weekly", _week),
        (policy.keep_monthly, "monthly", _month),
    ):
        seen: set[str] = set()
        found = 0
        for snapshot in ordered:
            if found == number:
                break
            when = bucket(snapshot)
            if when in seen:
                continue
            seen.add(when)
            if snapshot.id not in kept:
                kept[snapshot.id] = f"{name} {when}"
                found += 1
    return kept


def _never_all(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """With the newest completed one kept where none would be left, whatever the rules said."""
    found = list(verdicts)
    completed = [v for v in found if v.snapshot.phase is Phase.COMPLETED]
    if completed and all(verdict.goes for verdict in completed):
        place = found.index(completed[0])
        found[place] = Verdict(completed[0].snapshot, goes=False, why="the last completed one")
    return tuple(found)


def _utc(snapshot: Snapshot) -> datetime:
    assert snapshot.created_at is not None  # only dated ones count
    return snapshot.created_at.astimezone(UTC)


def _day(snapshot: Snapshot) -> str:
    return _utc(snapshot).date().isoformat()


def _week(snapshot: Snapshot) -> str:
    year, week, _ = _utc(snapshot).isocalendar()
    return f"{year}-W{week:02}"


def _month(snapshot: Snapshot) -> str:
    return _day(snapshot)[:-3]
