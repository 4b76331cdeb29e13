"""What a simulator is started with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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

    `servers` None is the demo fleet. `speed` is virtual seconds for each real one, `now` the
    virtual time to begin at (seconds since 1970), None the present. `tokens` are as in
    `read_token`; none makes random ones. `admin` opens the administrative routes under a token of
    their own.
    """

    port: int = 0
    servers: int | None = None
    speed: float = 1.0
    now: float | None = None
    tokens: tuple[str, ...] = ()
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
