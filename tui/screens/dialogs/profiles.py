"""The profiles as rows to choose from: address, lock, and which one is shown now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from tui.config.file import SettingsError
from tui.config.settings import Settings


def choice_of(now: Settings, load: Callable[[str], Settings]) -> Mapping[str, str]:
    """A row for each profile, and its name. `load` gives its settings or raises SettingsError."""
    width = max(map(len, now.profiles))
    return {f"{name:<{width}}  {_facts(name, now, load)}".rstrip(): name for name in now.profiles}


def _facts(name: str, now: Settings, load: Callable[[str], Settings]) -> str:
    """``admin.vps.org · locked · shown now``."""
    try:
        settings = now if name == now.profile else load(name)
    except SettingsError:
        return "its settings are wrong"
    facts = [urlsplit(settings.url).netloc]
    if settings.read_only:
        facts.append("read-only")
    elif settings.locked:
        facts.append("locked")
    if name == now.profile:
        facts.append("shown now")
    return " · ".join(facts)
