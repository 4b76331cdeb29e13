"""A world in a file: what was under way goes on after a restart, by the world's own clock."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tui.simulator.clock import VirtualClock
from tui.simulator.objects import Account, Kept, SimBackup, SimServer, SimSnapshot, TokenInfo
from tui.simulator.world import World

_KINDS: Final[dict[type[Kept], tuple[str, Callable[[Any], object]]]] = {
    Account: ("account", lambda thing: thing.email),
    TokenInfo: ("token", lambda thing: thing.token),
    SimServer: ("server", lambda thing: thing.id),
    SimSnapshot: ("snapshot", lambda thing: thing.id),
    SimBackup: ("backup", lambda thing: thing.id),
}
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS thing (kind, key, data, PRIMARY KEY (kind, key))"


class StateError(Exception):
    """The state file cannot be used; one sentence."""


class StateFile:
    """A SQLite file that has every change of a world before anybody is answered.

    One simulator at a time: the file is locked until `close` or the process's end. It holds the
    simulator's tokens, so it is made readable by its owner alone.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.touch(mode=0o600)
            self._db = sqlite3.connect(path, timeout=0, check_same_thread=False)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            # A killed process loses nothing by it; only a power cut could.
            self._db.execute("PRAGMA synchronous = NORMAL")
            with self._db:
                self._db.execute(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            in_use = "locked" in str(error)
            reason = "another simulator uses it" if in_use else str(error)
            raise StateError(f"state file {path}: {reason}") from None
        self._world: World | None = None

    def load(self, speed: float, seed: int) -> World | None:
        """The world as it would be now, or None from a new file.

        While nobody served it, its time went on at the speed that it had. Raises StateError.
        """
        try:
            clock = self._rows("clock").get("clock")
            return None if clock is None else self._load(clock, speed, seed)
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise StateError(f"state file: not a simulator's ({error})") from None

    def _load(self, kept: dict[str, Any], speed: float, seed: int) -> World:
        away = max(0.0, time.time() - kept["wall"])
        clock = VirtualClock(speed, kept["virtual"] + away * kept["speed"])
        # The same seed would give the same ids again.
        world = World(clock, hash((seed, *kept["last_ids"].values())))
        world.last_ids = kept["last_ids"]
        accounts = {email: Account(**data) for email, data in self._rows("account").items()}
        world.account = accounts[kept["account"]]
        for token, data in self._rows("token").items():
            info = TokenInfo(**{**data, "account": accounts[data["account"]]})
            info.permissions = tuple(info.permissions)
            world.tokens[token] = info
        for data in self._rows("server").values():
            world.keep_server(SimServer(**{**data, "account": accounts[data["account"]]}))
        for data in self._rows("snapshot").values():
            server = world.servers[data["server"]]
            world.keep_snapshot(SimSnapshot(**{**data, "server": server}))
        for data in self._rows("backup").values():
            backup = SimBackup(**{**data, "server": world.servers[data["server"]]})
            world.backups[backup.id] = backup
        return world

    def follow(self, world: World) -> None:
        """Keep all of a world and nothing else, and from now on every change of it."""
        self._world = world
        world.keeper = self
        owners: list[SimServer | TokenInfo] = [*world.servers.values(), *world.tokens.values()]
        accounts = {owner.account.email: owner.account for owner in owners}
        with self._db:
            self._db.execute("DELETE FROM thing")
            self._write(
                world.account,
                *accounts.values(),
                *world.tokens.values(),
                *world.servers.values(),
                *world.snapshots.values(),
                *world.backups.values(),
            )

    def save(self, *things: Kept) -> None:
        """Keep these as they are now, and the clock."""
        with self._db:
            self._write(*things)

    def _write(self, *things: Kept) -> None:
        self._put([_row(thing) for thing in things])
        self._put([("clock", "clock", json.dumps(self._clock()))])

    def drop(self, thing: Kept) -> None:
        """Forget one."""
        kind, key, _ = _row(thing)
        with self._db:
            self._db.execute("DELETE FROM thing WHERE kind = ? AND key = ?", (kind, key))

    def close(self) -> None:
        """Let another simulator have the file."""
        self._db.close()

    def _put(self, rows: list[tuple[str, object, str]]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO thing VALUES (?, ?, ?)", rows)

    def _rows(self, kind: str) -> dict[str, dict[str, Any]]:
        found = self._db.execute("SELECT key, data FROM thing WHERE kind = ? ORDER BY key", (kind,))
        return {key: json.loads(data) for key, data in found}

    def _clock(self) -> dict[str, Any]:
        world = self._world
        if world is None:
            raise RuntimeError("no world is followed yet")
        return {
            "virtual": world.clock.now(),
            "wall": time.time(),
            "speed": world.clock.speed,
            "last_ids": world.last_ids,
            "account": world.account.email,
        }


def _row(thing: Kept) -> tuple[str, object, str]:
    kind, key = _KINDS[type(thing)]
    fields = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing)}
    fields.pop("encoded", None)
    if isinstance(thing, SimSnapshot | SimBackup):
        fields["server"] = thing.server.id
    if isinstance(thing, SimServer | TokenInfo):
        fields["account"] = thing.account.email
    return kind, key(thing), json.dumps(fields)
