"""What a simulator is started with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DIALECTS: Final = ("docs", "client", "bare")
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
