"""Where things live: styles beside the code, settings and state where XDG says."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

REMEMBERED: Final = ".fleet"
"""How the file of a last known fleet ends."""
NO_HOME: Final = Path("/dev/null/no-home")
"""A home in which nothing can be: for a user without HOME whom the system does not know."""
_LARGEST: Final = 1 << 20
"""Bytes of a file that is written by hand."""
_HERE: Final = Path(__file__).resolve().parent.parent


def _styles() -> Path:
    for folder in (_HERE / "styles", _HERE.parent / "styles"):  # wheel, checkout
        if folder.is_dir():
            return folder
    raise RuntimeError("the styles folder is missing: the installation is incomplete")


STYLES: Final = _styles()


def _xdg(environ: Mapping[str, str], variable: str, fallback: str) -> Path:
    """An XDG base folder; as the specification says, a relative path there is ignored."""
    named = environ.get(variable, "")
    if named.startswith("/"):
        return Path(named)
    return home(environ) / fallback


def home(environ: Mapping[str, str]) -> Path:
    """The user's home folder: HOME, else the system's word; where nobody knows one, NO_HOME."""
    named = environ.get("HOME", "")
    if not named.startswith("/"):
        with contextlib.suppress(KeyError):
            named = pwd.getpwuid(os.getuid()).pw_dir
    return Path(named) if named.startswith("/") else NO_HOME


def expand(text: str, environ: Mapping[str, str]) -> Path:
    """A path as a user writes it: ``~`` is the home folder."""
    return home(environ) / text[2:] if text == "~" or text.startswith("~/") else Path(text)


def config_file(environ: Mapping[str, str]) -> Path:
    """The settings: ``~/.config/ciplun/config.toml``, or what CIPLUN_CONFIG names."""
    named = environ.get("CIPLUN_CONFIG")
    if named:
        return expand(named, environ)
    return _xdg(environ, "XDG_CONFIG_HOME", ".config") / "ciplun" / "config.toml"


def state_folder(environ: Mapping[str, str]) -> Path:
    """What this machine's user did: ``~/.local/state/ciplun``."""
    return _xdg(environ, "XDG_STATE_HOME", ".local/state") / "ciplun"


def journal_file(environ: Mapping[str, str]) -> Path:
    """The operations journal."""
    return state_folder(environ) / "journal.sqlite3"


def memory_folder(environ: Mapping[str, str]) -> Path:
    """The last known fleets, one file for each account."""
    return state_folder(environ) / "memory"


def view_file(environ: Mapping[str, str], profile: str) -> Path:
    """How the fleet of a profile was looked at last."""
    return memory_folder(environ) / f"{quote(profile, safe='')[:80]}.view"


def log_file(environ: Mapping[str, str]) -> Path:
    """The log of unexpected errors."""
    return state_folder(environ) / "ciplun.log"


def saved_token(environ: Mapping[str, str], profile: str) -> Path:
    """The token of a profile that was pasted on the first screen."""
    return state_folder(environ) / f"token-{quote(profile, safe='')}"


def provider_file(environ: Mapping[str, str]) -> Path:
    """The settings of the provider's own command-line tool."""
    return home(environ) / ".vps" / "config.json"


def tidy(path: Path, environ: Mapping[str, str]) -> str:
    """A path as a user writes it, with ``~`` for the home folder."""
    base = home(environ)
    if not path.is_relative_to(base):
        return str(path)
    return f"{'(no home folder)' if base == NO_HOME else '~'}/{path.relative_to(base)}"


def seen(path: Path) -> bool:
    """Whether something is there; not, too, where nobody may look."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def read_file(path: Path, largest: int = _LARGEST) -> bytes:
    """All of a file: no endless pipe, nothing of more than `largest` bytes. Raises OSError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode) and path != Path(os.devnull):
            raise OSError(errno.EINVAL, "not a file")
        data = file.read(largest + 1)
    if len(data) > largest:
        raise OSError(errno.EFBIG, f"larger than {largest >> 20} MB")
    return data


def trouble(path: Path, error: OSError) -> str:
    """Why nothing can be kept there, for people."""
    if path.is_relative_to(NO_HOME):
        return "there is no home folder; HOME or XDG_STATE_HOME can name one"
    return f"{path}: {error.strerror or 'cannot be used'}"


# -- what is ours and nobody else's ----------------------------------------------------------------


def private_folder(path: Path) -> None:
    """Make a folder that only its owner can enter. Raises OSError."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


def open_private(path: Path, flags: int) -> int:
    """Open a file, made where it is missing, for its owner alone. Raises OSError."""
    return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)


def write_private(path: Path, data: bytes, *, synced: bool = True) -> None:
    """Write a new file for its owner alone. Raises FileExistsError, or OSError.

    `synced`: it is there after a power failure, too.
    """
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_EXCL), "wb") as file:
        file.write(data)
        file.flush()
        if synced:
            os.fsync(file.fileno())


def replace_private(path: Path, data: bytes, *, synced: bool = False) -> None:
    """Have a file for its owner alone hold `data`, or what it held before. Raises OSError.

    `synced`: it holds that after a power failure, too.
    """
    private_folder(path.parent)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)  # what a killed process may have left
    try:
        write_private(fresh, data, synced=synced)
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def narrow(environ: Mapping[str, str]) -> str:
    """Take from others what they may do with our folder and what is in it.

    Returns a sentence if there was anything to take, else "". What is remembered of a fleet is
    left to `tui.fleet.memory`, which uses nothing that others may have written.
    """
    folder = state_folder(environ)
    try:  # the folder first: nobody can put anything else in it after that
        found = (path for path in _tree(folder) if path.suffix != REMEMBERED)
        narrowed = [path.name for path in found if _narrowed(path)]
    except OSError as error:
        return (
            f"others can read {tidy(folder, environ)}: {error.strerror or 'it cannot be changed'}"
        )
    if not narrowed:
        return ""
    more = f" and {len(narrowed) - 3} more" if len(narrowed) > 3 else ""
    what = ", ".join(narrowed[:3]) + more
    return f"others could read {what} in {tidy(folder.parent, environ)}; now only you can"


def _tree(folder: Path) -> Iterator[Path]:
    """A folder and all that is below it, as far as it may be seen; nothing if it is none."""
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            return
    except OSError:
        return
    yield folder
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in sorted((*folders, *files)))


def _narrowed(path: Path) -> bool:
    """Whether others could do anything there, and no longer can. Raises OSError."""
    try:
        status = path.lstat()
    except OSError:
        return False
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode) or not mode & 0o077:
        return False
    path.chmod(mode & 0o700)
    return True
