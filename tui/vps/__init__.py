"""The provider: what VPS.org says and how to ask it. Nothing here knows of a screen."""

from tui.vps import _startup

_startup.before_httpx()
