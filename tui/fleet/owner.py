"""Whose the last known fleet is (see `tui.fleet.memory`), and which file has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tui.config import paths
from tui.config.credentials import FromEnvironment, FromFile, FromSettings
from tui.config.settings import Settings
from tui.fleet.memory import Memory, Remembered, Unusable
from tui.vps.token import Token


def memory_of(settings: Settings, environ: Mapping[str, str]) -> Memory:
    """The file of the account that the settings name."""
    place = f"{settings.account}\n{settings.origins.get('token', '')}"
    return Memory(paths.memory_folder(environ), settings.profile, place)


def known(settings: Settings, environ: Mapping[str, str], now: float) -> Remembered | None:
    """What an earlier run knew of an account, nobody being asked; `now` is seconds since 1970.

    Where the token can be read without asking for it, that has to be the one it belongs to. Blocks.
    Raises Unusable where something is there that cannot be used, and TokenError.
    """
    memory, source = memory_of(settings, environ), settings.token
    owner = None
    if isinstance(source, FromEnvironment | FromFile | FromSettings):
        owner = owner_of(paths.state_folder(environ), source.look())
        if not owner:
            raise Unusable("whose it is cannot be told")
    found = memory.load(now, owner)
    if found is None and memory.trouble:
        raise Unusable(f"{memory.trouble} ({memory.path.name})")
    return found


def owner_of(folder: Path, token: Token) -> str:
    """Whose fleet it is; empty where no key can be kept in `folder`, and it cannot be told."""
    from tui.fleet.identity import machine_key

    key = machine_key(folder)
    return "" if key is None else token.fingerprint(key)
