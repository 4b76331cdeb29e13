"""Whose operations are whose: the account itself, whatever a profile or an address is called."""

from __future__ import annotations

import ipaddress
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tui.config import paths

log = logging.getLogger(__name__)

_KEY: Final = 32
"""Bytes of the key."""
_PORTS: Final = {"https": 443, "http": 80}
_HERE: Final = "this machine"


def place(url: str) -> str:
    """An address in the one spelling that all its spellings have in common.

    This machine has one name; the port that goes without saying, case, a final dot and a final
    slash make no difference.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or _PORTS.get(parts.scheme, 0)
    path = parts.path.rstrip("/").removesuffix("/api/v1")
    return f"{parts.scheme}://{_host(host)}:{port}{path}"


def _host(host: str) -> str:
    if host == "localhost":
        return _HERE
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    mapped = getattr(address, "ipv4_mapped", None) or address
    return _HERE if mapped.is_loopback else str(mapped)


class Identity(msgspec.Struct, frozen=True):
    """An account under the `name` that its token gives it.

    Once it has said who it is, it has another one as well; where it has no `url` it is not asked.
    `former` is the name under which earlier versions kept records.
    """

    name: str
    url: str = ""
    former: str = ""

    def known_as(self, email: str) -> str:
        """The name that all tokens of the account have in common."""
        return f"{OWN}{email.strip().casefold()} {place(self.url)}"


OWN: Final = "account "
"""How the names begin that an account has by itself."""


def by_token(fingerprint: Callable[[bytes], str], url: str, former: str, folder: Path) -> Identity:
    """The account of a token that gives keyed fingerprints.

    The key lies in `folder`; where none can be kept there, it lasts as long as this process.
    """
    key = machine_key(folder) or _without_folder
    return Identity(f"token {fingerprint(key)} {place(url)}", url, former)


_without_folder: Final = os.urandom(_KEY)
_one_at_a_time: Final = threading.Lock()
"""Two threads of one process would make the key under the same name of its own."""


def machine_key(folder: Path) -> bytes | None:
    """The key, made once for all processes of this user; None where none can be kept there."""
    path = folder / "identity.key"
    try:
        with _one_at_a_time:
            if not path.exists():
                _make(path)
        found = path.read_bytes()
    except OSError as error:
        log.warning("%s", paths.trouble(path, error))
        return None
    return found if len(found) == _KEY else None


def _make(path: Path) -> None:
    """Make the key under a name of its own first: nobody sees half of it. Raises OSError."""
    paths.private_folder(path.parent)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)  # what a killed process may have left
    paths.write_private(fresh, os.urandom(_KEY))
    try:
        os.link(fresh, path)
    except FileExistsError:
        log.info("another process was quicker to make the key")
    finally:
        fresh.unlink()
