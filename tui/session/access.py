"""The way in: a client with the token as its source gives it now, and whose account that is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from tui.config import paths
from tui.config.credentials import TokenError
from tui.config.settings import Settings
from tui.vps.token import Token

if TYPE_CHECKING:
    from tui.fleet.identity import Identity
    from tui.simulator.child import ChildSimulator
    from tui.vps.client import Client

DEMO_SPEED: Final = 60.0
"""How fast time passes in the demo: an hour in a minute."""


class Access:
    """Makes the clients of one profile; those of the demo speak to a simulator of its own.

    `may_write` is the clients' (see `Client`), `monotonic` their clock in seconds. `token_read`
    hears of each token before it is used.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        may_write: Callable[[], str | None],
        monotonic: Callable[[], float],
        token_read: Callable[[Token], None],
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._may_write = may_write
        self._monotonic = monotonic
        self._token_read = token_read
        self._simulator: ChildSimulator | None = None

    @property
    def pace(self) -> float:
        """How many seconds pass there in one of ours."""
        return self._simulator.speed if self._simulator else 1.0

    async def client(self) -> Client:
        """A client with the token read now. Raises TokenError, VpsError or SimulatorFailed."""
        url, source = self._settings.url, self._settings.token
        if self._settings.demo:
            if self._simulator is None:
                from tui.simulator.child import ChildSimulator

                self._simulator = ChildSimulator(speed=DEMO_SPEED, script=True)
            address = await self._simulator.start()
            url, token = address.url, Token(address.token)
        elif source is None:
            raise TokenError("there is no token: set VPS_API_TOKEN or token_command")
        else:
            token = await source.read()
        self._token_read(token)
        return await asyncio.to_thread(self._load, url, token)

    def _load(self, url: str, token: Token) -> Client:
        """Import what the first paint did without, in a thread: keys go on working."""
        import tui.fleet.poller
        import tui.fleet.writes.operations  # noqa: F401
        from tui.vps.client import Client

        return Client(url, token, may_write=self._may_write, clock=self._monotonic)

    async def identity(self, client: Client) -> Identity:
        """Whose records are this account's own; nobody waits until it has said who it is."""
        from tui.fleet.identity import Identity, by_token

        settings = self._settings
        if settings.demo:
            return Identity(settings.account)
        folder = paths.state_folder(self._environ)
        return await asyncio.to_thread(
            by_token, client.fingerprint, settings.url, settings.account, folder
        )

    async def close(self) -> None:
        """Stop the simulator, if there is one."""
        if self._simulator is not None:
            await self._simulator.stop()
