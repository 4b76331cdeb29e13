"""A simulator for tests, steered and asked from the test itself; over real HTTP all the same."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tui.simulator.authority import authority
from tui.simulator.building import Built
from tui.simulator.clock import moment_of
from tui.simulator.descriptions import make
from tui.simulator.objects import Json, Refusal
from tui.simulator.options import SimulatorOptions, WrongOption
from tui.simulator.scenarios import hooks
from tui.simulator.seen import Seen, requests_of
from tui.simulator.serve import Threaded

Fleet = str | Path | Mapping[str, object]


class Simulator:
    """VPS.org on loopback, in a thread, for as long as a ``with`` block lasts.

    Its time stands still unless `speed` says otherwise: `advance` lets it pass. `fleet` is
    ``"demo"``, ``"published"``, ``"empty"``, a JSON file, or the same as a dictionary;
    `servers` makes one of that size. `now` is a time (``"2025-01-22T12:00:00Z"``) or the present.
    Wrong arguments raise ValueError with one sentence.
    """

    def __init__(
        self,
        *scenarios: str,
        fleet: Fleet = "demo",
        servers: int | None = None,
        dialect: str = "docs",
        token: str | None = None,
        speed: float = 0.0,
        now: str | datetime | None = None,
        seed: int = 1,
        tls: bool = False,
    ) -> None:
        if not isinstance(fleet, str | Path | Mapping):
            raise WrongOption("fleet: a name, a file or a dictionary")
        self._seed = seed
        self._built = Built(
            SimulatorOptions(
                fleet=fleet if isinstance(fleet, str | Path) else "empty",
                described=fleet if isinstance(fleet, Mapping) else None,
                servers=servers,
                dialect=dialect,
                tokens=() if token is None else (token,),
                speed=speed,
                now=None if now is None else moment_of(str(now)),
                seed=seed,
                scenarios=scenarios,
                environment=False,
            )
        )
        self._app = self._built.app
        self._tls = tls
        self._running: Threaded | None = None
        self._end = contextlib.ExitStack()
        self.token = self._built.tokens.owner
        self.reader_token = self._built.tokens.reader
        self.neighbour_token = self._built.tokens.neighbour
        self.authority: Path | None = None

    def __enter__(self) -> Self:
        trusted = self._end.enter_context(authority()) if self._tls else None
        self.authority = trusted.file if trusted else None
        self._running = Threaded(self._app, tls=trusted.context if trusted else None)
        self._running.start()
        self._end.callback(self._running.stop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running = None
        self._end.close()

    @property
    def url(self) -> str:
        """The API's address, with ``/api/v1``."""
        return self._service.url

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead the provider's clients, ciplun and others here."""
        told = {"VPS_API_URL": self.url, "VPS_API_TOKEN": self.token}
        return {**told, "SSL_CERT_FILE": str(self.authority)} if self.authority else told

    @property
    def now(self) -> datetime:
        """The virtual time."""
        return datetime.fromtimestamp(self._app.world.clock.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Let that much virtual time pass at once, 0 to 1e9. Raises ValueError."""
        self._service.call(lambda: self._app.world.advance(seconds))

    def play(self, *scenarios: str) -> None:
        """Put these scenarios to work and no others. Raises UnknownScenario, a ValueError."""
        made = hooks(scenarios, self._seed)
        self._service.call(lambda: self._app.play(made))

    def requests(self, *, forget: bool = False) -> list[Seen]:
        """The requests that came, oldest first; with `forget`, each is told once."""
        return self._service.call(lambda: requests_of(self._app, forget=forget))

    def add_server(self, name: str, **fields: object) -> Json:
        """A server, described as in a fleet's file; gives what the API says of it."""
        return self._make("server", {"name": name, **fields})

    def add_snapshot(self, server: int | str, name: str, **fields: object) -> Json:
        """A snapshot of a server (id, uuid or name), described as in a fleet's file."""
        return self._make("snapshot", {"server": server, "name": name, **fields})

    def add_backup(self, server: int | str, **fields: object) -> Json:
        """A backup of a server (id, uuid or name), described as in a fleet's file."""
        return self._make("backup", {"server": server, **fields})

    def reset(self) -> None:
        """Everything as it was at the beginning: the world, its time, scenarios, requests."""
        self._service.call(self._built.reset)

    def _make(self, kind: str, described: Json) -> Json:
        """Make a thing. Raises ValueError where its description is wrong."""
        app = self._app
        try:
            return self._service.call(lambda: make(app.world, app.dialect, kind, described))
        except Refusal as refusal:
            raise ValueError(json.dumps(refusal.body)) from None

    @property
    def _service(self) -> Threaded:
        if self._running is None:
            raise RuntimeError("the simulator runs only within its `with` block")
        return self._running
