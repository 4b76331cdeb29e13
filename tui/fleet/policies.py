"""Whether what the settings choose and name means something; and policies as they are typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from tui.config.file import SettingsError
from tui.config.fitting import meant
from tui.config.settings import Settings
from tui.config.tables import Policy
from tui.fleet.groups import Groups
from tui.fleet.retention import Made, Retention, by_glob, by_template
from tui.fleet.selectors import SelectorError, compile_selector
from tui.fleet.templates import BadTemplate, Template
from tui.vps.models import SLOTS
from tui.vps.sanitize import clean


def check(settings: Settings) -> None:
    """Raises SettingsError, one line with file and line, for what nobody can follow."""
    groups = Groups(settings.groups)
    chosen = {f"views.{name}": text for name, text in settings.views.items()}
    for name, policy in settings.policies.items():
        if policy.on:
            chosen[f"policies.{name}.on"] = policy.on
        place = f"policies.{name}.name"
        try:
            Template(policy.name)
        except BadTemplate as error:
            raise SettingsError(f"{settings.places[place]}: {place}: {error}") from None
    for place, text in chosen.items():
        try:
            compile_selector(text, groups)
        except SelectorError as error:
            raise SettingsError(f"{settings.places[place]}: {place}: {error}") from None


class Typed(NamedTuple):
    """A policy that somebody chose or typed: what it is called, and which names are its own."""

    name: str
    policy: Policy
    made: Made


class BadPolicy(ValueError):
    """A text that is not a policy: one sentence, with what would be right."""


_RULES: Final = ("last", "daily", "weekly", "monthly", "reserve")
_PAIR: Final = re.compile(r"(?:keep_)?([a-z]+)=(\S+)")
EXAMPLE: Final = "last=2 weekly=1 name=nightly-*"


def typed(text: str, known: Mapping[str, Policy]) -> Typed:
    """The policy of this name, or the one spelled as in `EXAMPLE`. Raises BadPolicy."""
    text = text.strip()
    if text in known:
        return Typed(text, known[text], by_template(known[text].name))
    if "=" not in text:
        there = f"there are: {', '.join(known)}" if known else "no policy is set"
        if not text:
            raise BadPolicy(f"a policy is missing: {there}, or like {EXAMPLE}")
        right = meant(text, known, f"{there}, or like {EXAMPLE}")
        raise BadPolicy(f"{clean(text, 40)} is not a policy: {right}")
    values: dict[str, int | str] = {}
    for word in text.split():
        pair = _PAIR.fullmatch(word)
        if pair is None or (pair[1] not in _RULES and pair[1] != "name"):
            raise BadPolicy(f"{clean(word, 40)}: write it like {EXAMPLE}")
        if pair[1] == "name":
            values["name"] = pair[2]
        elif pair[2] not in {str(number) for number in range(SLOTS + 1)}:
            raise BadPolicy(f"{clean(word, 40)}: a number from 0 to {SLOTS}")
        else:
            values["reserve" if pair[1] == "reserve" else f"keep_{pair[1]}"] = int(pair[2])
    if "name" not in values:
        raise BadPolicy("name=… is missing: only what is named so is ever touched")
    policy = msgspec.convert(values, Policy)
    if problem := policy.problem():
        raise BadPolicy(problem.replace("keep_", ""))
    return Typed(text, policy, by_glob(policy.name))


def state_of(policy: Policy, found: Retention) -> str:
    """How a server stands with a policy, in words: what it made there, what it would delete now."""
    made = by_template(policy.name)
    own = sum(made(snapshot.name) for snapshot in found.view.snapshots)
    if not own:
        return f"nothing named {policy.name} yet"
    goes = ", ".join(snapshot.name for snapshot in found.goes)
    return f"{own} of its own, keeps {policy.keeps} at most, " + (
        f"would delete {goes}" if goes else "would delete nothing now"
    )
