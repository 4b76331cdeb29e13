"""Looking into an open dialog, and a service that says no."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from tui.screens.dashboard.screen import Dashboard
from tui.simulator.web import Hook
from tui.simulator.world import World


def field(pilot: Pilot[None], selector: str) -> Input:
    return pilot.app.screen.query_one(selector, Input)


def button(pilot: Pilot[None], selector: str = "#send") -> Button:
    return pilot.app.screen.query_one(selector, Button)


def on_dashboard(pilot: Pilot[None]) -> bool:
    return isinstance(pilot.app.screen, Dashboard)


def said(pilot: Pilot[None]) -> str:
    return " ".join(str(widget.content) for widget in pilot.app.screen.query(Static))


class Refusing(Hook):
    """Answers writes with a no."""

    def __init__(self, status: int, body: object) -> None:
        self.status, self.body = status, body

    async def before(self, request: Request, world: World) -> Response | None:
        if request.method == "GET":
            return None
        return JSONResponse(self.body, self.status)
