"""Servers that no list names: shown by their id, and taken back."""

from __future__ import annotations

import re
from typing import Final

from tui.commands import keys_of
from tui.fleet.writes.rules import NOT_CONNECTED
from tui.screens.dashboard.browsing import Browser
from tui.vps.models import Key, Server
from tui.widgets.panes import Panes

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def server_id(text: str) -> Key | None:
    """The id that a text is, a number or a uuid; None where it can be none."""
    if _NUMBER.fullmatch(text):
        return int(text)
    return text.lower() if _UUID.fullmatch(text) else None


def id_problem(text: str) -> str:
    """What is wrong with a text as the id of a server, empty for nothing."""
    if server_id(text) is not None:
        return ""
    return "A server's id is a number such as 12345, or a UUID."


class AddedServers:
    """What was added is asked for like any other server, until it is taken back."""

    def __init__(self, panes: Panes, browser: Browser) -> None:
        self._panes = panes
        self._browser = browser

    def add(self) -> None:
        """Ask for an id, and show its server; where it is known already, go to it."""
        panes, live = self._panes, self._panes.session.live
        if live is None:
            self._say(NOT_CONNECTED.text)
            return
        from tui.screens.dialogs.prompt import AskDialog

        def add(text: str | None) -> None:
            key = server_id(text) if text else None
            if key is None:
                return
            if key in panes.fleet.servers:
                self._say(f"{panes.fleet.servers[key].server.name} is listed already")
            else:
                panes.session.store.apply_server(Server(id=key, name=str(key)))
                live.poller.refresh(key)
                self._warn_of_unlisted(key)
            self._browser.go_to(key)

        words = "The id of a server, as the provider's panel shows it."
        dialog = AskDialog("Add a server", words, placeholder="12345", check=id_problem)
        panes.app.push_screen(dialog, add)

    def _warn_of_unlisted(self, key: Key) -> None:
        """Where the list of servers can be read, one that is not in it may be a slip."""
        fleet = self._panes.fleet
        if fleet.settled and fleet.servers_error is None:
            back = keys_of(self._panes).shown("remove_server")
            self._say(f"the provider lists no server {key}: shown all the same; {back} removes it")

    def take_back(self) -> None:
        """Show the chosen server no longer, if it was added and nothing is known of it."""
        panes, view = self._panes, self._panes.view
        if view is None:
            self._say("no server is chosen")
            return
        name, key = view.server.name, view.server.id
        if view.listed or view.snapshots or key in panes.fleet.operations:
            added = keys_of(panes).shown("add_server")
            self._say(
                f"{name} stays: only one without snapshots that was added with {added} is removed"
            )
            return
        panes.session.store.forget_server(key)
        panes.app.notify(f"{name} is no longer shown", markup=False)

    def _say(self, text: str) -> None:
        self._panes.app.notify(text, severity="warning", markup=False)
