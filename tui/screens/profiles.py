"""The profiles: chosen from rows with address and lock, and read before they are changed to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace
from textual.app import App

from tui import keymap
from tui.config.file import SettingsError
from tui.config.settings import Options, Settings, load
from tui.screens.dialogs.prompt import ChooseDialog


class Profiles:
    """Those that an app can change to. `options` are those it was started with."""

    def __init__(self, app: App[Any], options: Options, environ: Mapping[str, str]) -> None:
        self._app = app
        self._options = options
        self._environ = environ

    def ask(self, now: Settings, change: Callable[[str], None]) -> None:
        """Ask for another profile than that of `now`; `change` hears its name."""
        if now.demo or len(now.profiles) < 2:
            self._app.notify("the settings have no other profile", markup=False)
            return
        width = max(map(len, now.profiles))
        rows = {
            f"{name:<{width}}  {self._facts(name, now)}".rstrip(): name for name in now.profiles
        }

        def chosen(row: str | None) -> None:
            name = None if row is None else rows[row]
            if name == now.profile:
                self._app.notify(f"still profile {name}: nothing was changed", markup=False)
            elif name is not None:
                change(name)

        current = next(row for row, name in rows.items() if name == now.profile)
        self._app.push_screen(ChooseDialog("Choose the profile", tuple(rows), current), chosen)

    async def read(self, name: str) -> tuple[Options, Settings] | None:
        """The options and settings of a profile; None where it was said what is wrong with them."""
        options = self._options_of(name)
        try:
            settings = await asyncio.to_thread(load, options, self._environ)
            keymap.check(settings)
        except SettingsError as error:
            self._app.notify(str(error), severity="error", markup=False)
            return None
        if settings.origins["token"].startswith("environment"):
            words = f"the token comes from the {settings.origins['token']} for every profile"
            self._app.notify(words, severity="warning", markup=False, timeout=10)
        return options, settings

    def _options_of(self, name: str) -> Options:
        return replace(self._options, profile=name, url=None)

    def _facts(self, name: str, now: Settings) -> str:
        """``admin.vps.org · locked · shown now``."""
        try:
            settings = now if name == now.profile else load(self._options_of(name), self._environ)
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
