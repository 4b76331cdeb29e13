"""Which server needs somebody: the one rule that header, colours, order, views and checks ask."""

from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, get_args

import msgspec
from msgspec.structs import replace

from tui.config.ages import WEEK, Age
from tui.config.settings import Settings
from tui.fleet.estimates import PUBLISHED
from tui.fleet.groups import NO_GROUPS, Groups
from tui.fleet.operation import Kind, Operation
from tui.fleet.state import ServerView
from tui.vps.models import Key, Phase, Server

Name = Literal["none", "overdue", "stale", "unseen", "failed", "full", "backup"]
NAMES: Final[tuple[Name, ...]] = get_args(Name)
"""All findings, the gravest first. Of backups only `check` speaks, where it is asked to."""
OVERDUE: Final = 2 * PUBLISHED[Kind.CREATE][1]
"""Seconds after which a snapshot that is still busy is overdue: twice the longest published."""
AHEAD: Final = 300.0
"""Seconds by which a date may lie ahead and still be believed: two clocks are never the same."""


def ahead(moment: datetime, now: datetime) -> bool:
    """Whether a date lies so far ahead that it is not believed."""
    return (moment - now).total_seconds() > AHEAD


class Severity(enum.IntEnum):
    """The exit codes of monitoring plug-ins."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3

    @property
    def rank(self) -> int:
        """Its place from well to worst: what is known to be critical outweighs the unknown."""
        return (0, 1, 3, 2)[self]


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One thing that is not as it should be, in words: of the `server` of this name and id."""

    name: Name
    severity: Severity
    server: str
    what: str
    server_id: Key | None = None

    @property
    def risk(self) -> tuple[int, int]:
        """A sort key, the worst first."""
        return -self.severity.rank, NAMES.index(self.name)


class Health(msgspec.Struct, frozen=True, gc=False):
    """The judgement of one server. `max_age` is what its newest may have, in seconds, 0 any age."""

    findings: tuple[Finding, ...] = ()
    max_age: float = 0.0

    @property
    def severity(self) -> Severity:
        """That of the gravest finding."""
        return self.findings[0].severity if self.findings else Severity.OK

    @property
    def problem(self) -> bool:
        """Whether anything was found."""
        return bool(self.findings)

    def has(self, name: str) -> bool:
        """Whether there is a finding of this name."""
        return any(finding.name == name for finding in self.findings)

    @property
    def risk(self) -> tuple[int, int]:
        """A sort key, the worst first."""
        return self.findings[0].risk if self.findings else (0, len(NAMES))


class Rules(msgspec.Struct, frozen=True):
    """What counts as well, for servers whose groups say nothing else.

    `max_age` in seconds makes a newest completed snapshot critical, 0 never; `warn_age`, less
    than that, a warning. Findings named in `ignore` are none.
    """

    max_age: float = float(WEEK)
    ignore: frozenset[str] = frozenset()
    groups: Groups = NO_GROUPS
    warn_age: float = 0.0
    asked: bool = False
    """Whether these ages were asked for, so that groups have no say in them."""

    def with_ages(self, warning: float | None, critical: float | None) -> Rules:
        """With the ages that were asked for, in seconds, if any were."""
        if warning is None and critical is None:
            return self
        return replace(self, max_age=critical or 0.0, warn_age=warning or 0.0, asked=True)

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """Those of the settings."""
        return cls(settings.max_age, frozenset(settings.ignore), Groups(settings.groups))

    def age_of(self, server: Server) -> float:
        """The greatest age of a server's newest snapshot: of the first group that has one."""
        if self.asked:
            return self.max_age
        ages = (group.max_age for group in self.groups.of(server))
        return next((age for age in ages if age is not None), self.max_age)

    def limits(self, server: Server) -> Sequence[float]:
        """The ages in seconds from which its newest snapshot is a finding; none: it never is."""
        return [age for age in (self.age_of(server), self.warn_age) if age]

    def ignored(self, server: Server) -> frozenset[str]:
        """The findings that are none for a server: of the first group that has any."""
        names = (group.ignore for group in self.groups.of(server))
        own = next((found for found in names if found is not None), None)
        return self.ignore if own is None else frozenset(own)


BY_DEFAULT: Final = Rules()


class _Judged(msgspec.Struct, frozen=True, gc=False):
    """A judgement, what it was made of, and until when it holds, in seconds since 1970."""

    view: ServerView
    overdue: bool
    since: float
    until: float
    health: Health


class Judge:
    """Judges servers, each only when it has changed or time has changed the judgement."""

    def __init__(self, rules: Rules = BY_DEFAULT) -> None:
        self.rules = rules
        self._judged: dict[Key, _Judged] = {}

    def of(self, view: ServerView, now: float, operation: Operation | None = None) -> Health:
        """The health of a server at `now`, seconds since 1970, with its open operation if any."""
        overdue = operation is not None and operation.overdue
        known = self._judged.get(view.server.id)
        if (
            known is None
            or known.view is not view
            or known.overdue != overdue
            or not known.since <= now < known.until
        ):
            known = self._judge(view, now, overdue)
            self._judged[view.server.id] = known
        return known.health

    def all(
        self,
        servers: Mapping[Key, ServerView],
        now: float,
        operations: Mapping[Key, Operation] = MappingProxyType({}),
    ) -> Mapping[Key, Health]:
        """The health of all servers, by their ids."""
        self.forget(self._judged.keys() - servers.keys())
        return {key: self.of(view, now, operations.get(key)) for key, view in servers.items()}

    def forget(self, keys: Collection[Key]) -> None:
        """Servers that are no more: who keeps a judge for weeks has it do so."""
        for key in keys:
            self._judged.pop(key, None)
        self.rules.groups.forget(keys)

    def _judge(self, view: ServerView, now: float, overdue: bool) -> _Judged:
        rules, server, facts = self.rules, view.server, _Facts(view, now)
        max_age = rules.age_of(server)
        limits = rules.limits(server)
        found = list(_found(view, facts, now, max_age, limits, overdue))
        if ignored := rules.ignored(server):
            found = [finding for finding in found if finding.name not in ignored]
            max_age = 0.0 if "stale" in ignored else max_age
        found.sort(key=lambda finding: finding.risk)
        # Within a second of a turn rounding decides: nothing is kept for later then.
        turns = [*facts.turns, *(facts.newest + age for age in limits)]
        until = min([turn for turn in turns if turn > now - 1], default=math.inf)
        return _Judged(view, overdue, now, until, Health(tuple(found), max_age))


class _Facts:
    """What the dates of a server's snapshots say: `newest` is of those completed, if believed.

    `odd` completed ones have no date that can be; at `turns` time alone changes something.
    """

    __slots__ = ("newest", "odd", "overdue", "turns")

    def __init__(self, view: ServerView, now: float) -> None:
        self.newest = -math.inf
        self.odd = 0
        self.overdue = False
        self.turns: list[float] = []
        for snapshot in view.snapshots:
            phase = snapshot.phase
            at = math.inf if snapshot.created_at is None else snapshot.created_at.timestamp()
            if at > now + AHEAD:
                self.odd += phase is Phase.COMPLETED
                self.turns.append(at - AHEAD)
            elif phase is Phase.COMPLETED:
                self.newest = max(self.newest, at)
            elif snapshot.making:
                self.overdue = self.overdue or now - at >= OVERDUE
                self.turns.append(at + OVERDUE)


def newest_age(view: ServerView, now: float) -> float:
    """Seconds since the newest completed snapshot whose date is believed; inf where none is."""
    newest = view.newest_completed
    if newest is None or newest.created_at is None:
        return math.inf
    age = now - newest.created_at.timestamp()
    return age if age >= -AHEAD else now - _Facts(view, now).newest


def _found(
    view: ServerView,
    facts: _Facts,
    now: float,
    max_age: float,
    limits: Sequence[float],
    overdue: bool,
) -> Iterator[Finding]:
    if view.partial:
        return  # it is being read: nothing can be said of it yet
    name, key, age = view.server.name, view.server.id, now - facts.newest
    none = view.newest_completed is None
    if none or (limits and age >= min(limits)):
        if doubt := _doubt(view, facts):
            yield Finding("unseen", Severity.UNKNOWN, name, doubt, key)
        elif none:
            yield Finding("none", Severity.CRITICAL, name, "no completed snapshot", key)
        else:
            critical = max_age and age >= max_age
            severity = Severity.CRITICAL if critical else Severity.WARNING
            what = f"no snapshot in {Age(max_age if critical else min(limits))}"
            yield Finding("stale", severity, name, what, key)
    if overdue or facts.overdue:
        yield Finding("overdue", Severity.CRITICAL, name, "a snapshot is overdue", key)
    if view.failed:
        what = "a snapshot failed" if view.failed == 1 else f"{view.failed} snapshots failed"
        yield Finding("failed", Severity.WARNING, name, what, key)
    if view.full:
        yield Finding("full", Severity.WARNING, name, f"full: all {view.used} slots are used", key)


def _doubt(view: ServerView, facts: _Facts) -> str:
    """Why it cannot be told that a server has no fresh one; empty where it can."""
    return view.doubt or ("the date of a snapshot is missing or in the future" if facts.odd else "")


def findings(healths: Iterable[Health]) -> list[Finding]:
    """All that was found, the worst first and then by server."""
    found = [finding for health in healths for finding in health.findings]
    return sorted(found, key=lambda f: (*f.risk, f.server))


def worst(severities: Iterable[Severity]) -> Severity:
    """The gravest of some severities."""
    return max(severities, key=lambda severity: severity.rank, default=Severity.OK)


def counts(healths: Iterable[Health]) -> Mapping[str, int]:
    """Servers with each finding, by its name; under ``problem`` those with any."""
    found: Counter[str] = Counter(finding.name for health in healths for finding in health.findings)
    return {"problem": sum(health.problem for health in healths), **found}
