"""Who asks: the user of this machine, and where an SSH session came from."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping

import msgspec

from tui.vps.sanitize import clean


class Who(msgspec.Struct, frozen=True):
    """A user's name and the address their SSH client came from, empty at a console."""

    user: str
    origin: str = ""

    @classmethod
    def here(cls, environ: Mapping[str, str]) -> Who:
        """The one at this terminal."""
        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            user = str(os.getuid())
        ssh = environ.get("SSH_CONNECTION") or environ.get("SSH_CLIENT") or ""
        return cls(clean(user, 60), clean(ssh.split(" ")[0], 60))

    def __str__(self) -> str:
        return f"{self.user} from {self.origin}" if self.origin else self.user
