"""A service put together as its options say: the world, its tokens, and what plays in it."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from tui.simulator.clock import VirtualClock
from tui.simulator.demo import NEIGHBOUR, demo_fleet, large_fleet, neighbours, published_fleet
from tui.simulator.descriptions import fill, load
from tui.simulator.options import SimulatorOptions, TokenWanted, read_token
from tui.simulator.rules import POWER_SECONDS
from tui.simulator.scenarios import hooks
from tui.simulator.script import Script
from tui.simulator.state import StateFile
from tui.simulator.web import Hook, SimulatorApp
from tui.simulator.world import World

TOKEN_VARIABLE = "CIPLUN_SIMULATOR_TOKEN"  # noqa: S105 - a variable's name
"""Where tokens can be given without showing them in the list of processes."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that are told: of the account, of one who may only read, and of a neighbour."""

    owner: str
    reader: str | None = None
    neighbour: str | None = None


class Built:
    """A service, its tokens, and the way back to its beginning."""

    def __init__(self, options: SimulatorOptions) -> None:
        """Build it. Raises UnknownScenario, WrongOption, or StateError for an unusable file."""
        given = options.tokens
        if options.environment and not given:
            given = tuple(os.environ.get(TOKEN_VARIABLE, "").split())
        options = replace(options, tokens=given)
        options.check()
        self._options = options
        playing = self._hooks()
        wanted = [read_token(text) for text in given]
        self._state = StateFile(options.state) if options.state else None
        kept = self._state.load(options.speed, options.seed) if self._state else None
        world = kept or _new_world(options)
        world.power_seconds = POWER_SECONDS
        self._began = world.clock.now()
        self.tokens = _tokens(world, wanted)
        self.app = SimulatorApp(world, options.dialect, outside=options.listens_outside)
        self.app.play(playing)
        if self._state:
            self._state.follow(world)

    def reset(self) -> None:
        """The world as it would be in a new simulator, at the time when this one began.

        The tokens stay, the scenarios are those of the options, and no request has come.
        """
        old = self.app.world
        world = _new_world(replace(self._options, now=self._began))
        world.power_seconds = POWER_SECONDS
        for token, info in old.tokens.items():
            account = world.account_of(info.account.email)
            world.add_token(token, *info.permissions, account=account)
        if self._state:
            self._state.follow(world)
        self.app.exchange(world)
        self.app.play(self._hooks())

    def _hooks(self) -> list[Hook]:
        story: list[Hook] = [Script(self._options.seed)] if self._options.script else []
        return [*story, *hooks(self._options.scenarios, self._options.seed)]


def build(options: SimulatorOptions) -> tuple[SimulatorApp, Tokens]:
    """A service as the options say, and the tokens that open it; errors as of `Built`."""
    built = Built(options)
    return built.app, built.tokens


def _new_world(options: SimulatorOptions) -> World:
    world = World(VirtualClock(options.speed, options.now), options.seed)
    if options.described is not None:
        fill(world, options.described)
    elif options.servers is not None:
        large_fleet(world, options.servers)
    elif options.fleet == "demo":
        demo_fleet(world)
    elif options.fleet == "published":
        published_fleet(world)
    elif options.fleet != "empty":
        load(world, Path(options.fleet))
    neighbours(world)
    return world


def _tokens(world: World, wanted: list[TokenWanted]) -> Tokens:
    """Let the wanted tokens in, or those of a kept world, or random ones."""
    for one in wanted:
        account = world.account_of(one.email) if one.email else None
        world.add_token(one.token, *one.permissions, account=account)
    if wanted:
        return Tokens(wanted[0].token)
    if not world.tokens:
        world.add_token(_random_token())
        world.add_token(_random_token(), "servers:read")
        world.add_token(_random_token(), account=world.account_of(NEIGHBOUR))
    mine = [i for i in world.tokens.values() if i.account is world.account]
    others = [i.token for i in world.tokens.values() if i.account is not world.account]
    readers = [i.token for i in mine if i.permissions == ("servers:read",)]
    owners = [i.token for i in mine if i.token not in readers]
    first = (owners or readers or others)[0]
    return Tokens(first, *(found[0] if found else None for found in (readers, others)))


def _random_token() -> str:
    return f"vps_{secrets.token_hex(20)}"
