"""Policies and templates of names as commands take them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from tui.config.fitting import meant
from tui.config.settings import Settings
from tui.config.tables import Policy
from tui.fleet.templates import BadTemplate, Template
from tui.vps.sanitize import clean

if TYPE_CHECKING:
    from tui.fleet.journal.policy_runs import PolicyRun, RunBook
    from tui.session.connection import Connection


def policy_of(settings: Settings, name: str | None) -> Policy | None:
    """The policy of this name in the settings. Raises UsageError."""
    if name is None:
        return None
    known = settings.policies
    if name not in known:
        hint = meant(name, known, f"there are: {', '.join(known) or 'none'}")
        raise click.UsageError(
            f"--policy: no policy {clean(name, 60)!r} is set; {hint}", click.get_current_context()
        )
    return known[name]


def is_whole(policy: Policy, servers: Sequence[str], on: str | None) -> bool:
    """Whether what was named or chosen for a run is all that the policy is for."""
    return not policy.on or not (servers or on is not None)


def runs_of(live: Connection) -> RunBook:
    """Where it is kept when policies ran."""
    from tui.fleet.journal.policy_runs import RunBook

    return RunBook(live.operations.journal.file, lambda: live.operations.account)


async def note_runs(live: Connection, *runs: PolicyRun) -> None:
    """Keep that a policy was carried out; what cannot be kept spoils no run."""
    from tui.fleet.journal.file import JournalUnavailable

    with suppress(JournalUnavailable):
        await runs_of(live).record(*runs)


def template_of(text: str) -> Template:
    """A template of names. Raises UsageError."""
    try:
        return Template(text)
    except BadTemplate as error:
        raise click.UsageError(f"--name: {error}", click.get_current_context()) from None
