"""Whether what the settings choose and name means something: selectors, groups and templates."""

from __future__ import annotations

from tui.config.file import SettingsError
from tui.config.settings import Settings
from tui.fleet.groups import Groups
from tui.fleet.selectors import SelectorError, compile_selector
from tui.fleet.templates import BadTemplate, Template


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
