"""What of a row can be put on the clipboard: its name, id, address, JSON, or a curl command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from textual.app import App

from tui.screens.dialogs.details import as_json, to_clipboard
from tui.screens.dialogs.prompt import ChooseDialog
from tui.vps.models import Server, Snapshot


def texts_of(item: Server | Snapshot, server: Server | None, url: str) -> Mapping[str, str]:
    """The texts by what they are called. The token is in none: curl reads it from a variable.

    The demo has no `url` that anything else could ask with that token, so no curl there.
    """
    address = server.address if server is not None else ""
    key = item.id if isinstance(item, Server) else item.server_id
    asked = shlex.quote(f"{url.rstrip('/')}/snapshots/?server_id={key}")
    texts = {
        "Name": item.name,
        "Id": str(item.id),
        "Address": address,
        "JSON": as_json(item),
        "curl": f'curl -H "Authorization: Bearer $VPS_API_TOKEN" {asked}' if url else "",
    }
    return {what: text for what, text in texts.items() if text}


def choose_copy(
    app: App[None], item: Server | Snapshot | None, server: Server | None, url: str
) -> None:
    """Ask what of the row is to be copied, and copy it."""
    if item is None:
        app.notify("nothing is chosen", severity="warning", markup=False)
        return
    texts = texts_of(item, server, url)
    rows = {f"{what:<9}{' '.join(text.split())}": what for what, text in texts.items()}

    def copy(row: str | None) -> None:
        if row is not None:
            to_clipboard(app, f"{rows[row]} of {item.name}", texts[rows[row]])

    app.push_screen(ChooseDialog(f"Copy of {item.name}", tuple(rows), ""), copy)
