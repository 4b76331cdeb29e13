"""What a simulator is started with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
LOCAL_NAMES: Final = (LOOPBACK, "localhost", "::1")
DIALECTS: Final = ("docs", "client", "bare")
FASTEST: Final = 1_000_000
FIRST_MOMENT: Final = 631_152_000.0
"""1990: the oldest things of the demo are older by two years."""
LAST_MOMENT: Final = 221_845_392_000.0
"""9000: a thousand years may pass in it."""
_TOKEN: Final = re.compile(r"[!-+\--~]+")


class WrongOption(ValueError):
    """An option that cannot be; one sentence."""


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """Options of ``ciplun simulator``.

    `fleet` is ``demo``, ``published``, ``empty``, or a file as in `tui.simulator.descriptions`;
    `servers` makes one of that size, and `described` is one as in such a file. `script` lets the
    demo fleet live. `host` is loopback unless `listens_outside`, which wants a token of one's own.
    `speed` is virtual seconds for each real one, `now` the virtual time to begin at (seconds since
    1970), None the present. `tokens` are as in `read_token`; none takes those of the environment
    where `environment` is on, or makes random ones. `admin` opens the administrative routes under a
    token of their own.
    """

    port: int = 0
    host: str = LOOPBACK
    listens_outside: bool = False
    tls: bool = False
    fleet: str | Path = "demo"
    described: Mapping[str, object] | None = None
    servers: int | None = None
    script: bool = False
    speed: float = 1.0
    now: float | None = None
    tokens: tuple[str, ...] = ()
    environment: bool = True
    scenarios: tuple[str, ...] = ()
    state: Path | None = None
    dialect: str = "docs"
    seed: int = 1
    admin: bool = False
    as_json: bool = False
    end_with_stdin: bool = False

    def check(self) -> None:
        """Raise WrongOption for numbers that no world can have."""
        if not 0 <= self.speed <= FASTEST:  # nor is NaN
            raise WrongOption(f"--speed: a number from 0 to {FASTEST:,}")
        if self.now is not None and not FIRST_MOMENT <= self.now <= LAST_MOMENT:
            raise WrongOption("--now: a time from 1990 to 9000")
        if self.dialect not in DIALECTS:
            raise WrongOption(f"--dialect: one of {', '.join(DIALECTS)}")
        if self.host != LOOPBACK and not self.listens_outside:
            raise WrongOption("--host: others can reach it then; add --listens-outside")
        if self.listens_outside and not self.tokens:
            raise WrongOption("--listens-outside needs a --token of your own")
        if self.servers is not None and self.fleet != "demo":
            raise WrongOption("give --servers or --fleet, not both")


@dataclass(frozen=True, slots=True)
class TokenWanted:
    """A token, the account that it opens (None: the first), and what it may do there."""

    token: str
    email: str | None = None
    permissions: tuple[str, ...] = ()


def read_token(text: str) -> TokenWanted:
    """``TOKEN[,EMAIL][,PERMISSION…]``: what has an ``@`` is an account. Raises WrongOption."""
    token, *more = text.split(",")
    if not _TOKEN.fullmatch(token):
        # It is not repeated in the message: it may be a real one, mistyped.
        raise WrongOption("a token is printable ASCII without spaces or commas")
    emails = [word for word in more if "@" in word]
    permissions = [word for word in more if "@" not in word]
    if len(emails) > 1 or not all(":" in word for word in permissions):
        raise WrongOption(f"{','.join(more)}: neither one account nor permissions (servers:read)")
    return TokenWanted(token, emails[0] if emails else None, tuple(permissions))
