"""Where things live: styles beside the code, settings and state where XDG says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

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
    """The user's home folder."""
    named = environ.get("HOME", "")
    return Path(named) if named else Path.home()


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


def log_file(environ: Mapping[str, str]) -> Path:
    """The log of unforeseen errors."""
    return state_folder(environ) / "ciplun.log"


def saved_token(environ: Mapping[str, str], profile: str) -> Path:
    """The token of a profile that was pasted on the first screen."""
    return state_folder(environ) / f"token-{quote(profile, safe='')}"


def provider_file(environ: Mapping[str, str]) -> Path:
    """The settings of the provider's own command-line tool."""
    return home(environ) / ".vps" / "config.json"


def tidy(path: Path, environ: Mapping[str, str]) -> str:
    """A path as a user writes it, with ``~`` for the home folder."""
    try:
        return f"~/{path.relative_to(home(environ))}"
    except ValueError:
        return str(path)
