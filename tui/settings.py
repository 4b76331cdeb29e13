"""Settings, frozen: what is set, and where each value came from."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tui import config_file
from tui.config_file import ConfigFile, SettingsError
from tui.paths import config_file as config_path
from tui.paths import provider_file, state_folder, tidy
from tui.tokens import (
    FromCommand,
    FromEnvironment,
    FromFile,
    FromKeyring,
    FromText,
    TokenError,
    TokenSource,
    check_private,
)
from tui.vps.address import base_address
from tui.vps.token import BadToken, Token

DEFAULT_URL: Final = "https://admin.vps.org/api/v1"
_DEFAULTS: Final[Mapping[str, Any]] = {
    "url": DEFAULT_URL,
    "read_only": False,
    "locked": False,
    "poll_idle": 60.0,
    "poll_busy": 10.0,
    "theme": "ciplun-dark",
    "accent": "",
    "unlock_minutes": 10,
    "on_finished": "",
}
_DEMO: Final[Mapping[str, Any]] = {"poll_idle": 5.0, "poll_busy": 1.0}


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    profile: str | None = None
    url: str | None = None
    read_only: bool = False
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """One profile's settings. Times are in seconds; `origins` says where each value came from."""

    profile: str
    url: str
    token: TokenSource | None
    read_only: bool
    starts_locked: bool
    unlock_minutes: float
    poll_idle: float
    poll_busy: float
    theme: str
    accent: str
    on_finished: tuple[str, ...]
    keys: Mapping[str, str]
    demo: bool
    profiles: tuple[str, ...] = ()
    token_file: Path = Path()
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """What the journal files operations under: profile and address, never a token."""
        return "demo" if self.demo else f"{self.profile} {self.url}"


def load(options: Options, environ: Mapping[str, str]) -> Settings:
    """Put the settings together. Raises SettingsError, whose text is one line for the user.

    Precedence: option, environment, profile, the provider's own command-line tool, default. The
    demo takes no address and no token from anywhere.
    """
    file = config_file.read(config_path(environ), environ)
    profile, table = file.choose(options.profile or environ.get("CIPLUN_PROFILE"))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, default in _DEFAULTS.items():
        values[name], origins[name] = _value(name, default, options, environ, file, table)
    if options.demo:
        values |= {name: _DEMO[name] for name in _DEMO if origins[name] == "default"}
        token, url = None, ""
        origins |= {"url": "the demo's own", "token": "the demo's own"}
    else:
        token, origins["token"] = _token(environ, file, table)
        url = check_url(str(values["url"]), origins["url"])
    return Settings(
        profile="demo" if options.demo else profile,
        url=url,
        token=token,
        read_only=bool(values["read_only"]),
        starts_locked=bool(values["locked"]),
        unlock_minutes=float(values["unlock_minutes"]),
        poll_idle=float(values["poll_idle"]),
        poll_busy=float(values["poll_busy"]),
        theme=str(values["theme"]),
        accent=str(values["accent"]),
        on_finished=_arguments(values["on_finished"], origins["on_finished"]),
        keys=MappingProxyType(dict(table.get("keys", {}))),
        demo=options.demo,
        profiles=file.profiles,
        token_file=state_folder(environ) / f"token-{profile}",
        origins=MappingProxyType(origins),
    )


def _value(
    name: str,
    default: Any,
    options: Options,
    environ: Mapping[str, str],
    file: ConfigFile,
    table: Mapping[str, Any],
) -> tuple[Any, str]:
    """One setting and where it came from."""
    if name == "url" and options.url:
        return options.url, "option --url"
    if name == "read_only" and options.read_only:
        return True, "option --read-only"
    variables = [f"CIPLUN_{name.upper()}"] + (["VPS_API_URL"] if name == "url" else [])
    for variable in variables:
        if environ.get(variable):
            return config_file.parse(name, environ[variable], variable), f"environment {variable}"
    if name in table:
        return table[name], file.origin(name, table)
    if name == "url":
        provider = _provider(environ).get("api_url")
        if isinstance(provider, str) and provider:
            return provider, tidy(provider_file(environ), environ)
    return default, "default"


def _token(
    environ: Mapping[str, str], file: ConfigFile, table: Mapping[str, Any]
) -> tuple[TokenSource | None, str]:
    """The token's source, in the same order of precedence."""
    for variable in ("CIPLUN_TOKEN", "VPS_API_TOKEN"):
        if environ.get(variable):
            from_environment = FromEnvironment(variable, environ)
            return from_environment, from_environment.describe()
    source = _named(environ, file, table)
    if source is not None:
        return source, f"{file.origin('token', table)}: {source.describe()}"
    saved = state_folder(environ) / f"token-{table.get('name', 'default')}"
    if saved.exists():
        source = FromFile(saved, tidy(saved, environ))
        return source, source.describe()
    provider = provider_file(environ)
    literal = _provider(environ).get("api_token")
    if isinstance(literal, str) and literal:
        source = _literal(literal, provider, tidy(provider, environ))
        return source, source.describe()
    return None, "nowhere"


def _named(
    environ: Mapping[str, str], file: ConfigFile, table: Mapping[str, Any]
) -> TokenSource | None:
    """The source that the settings file names, if it does."""
    if "token_command" in table:
        return FromCommand(table["token_command"])
    if "token_env" in table:
        return FromEnvironment(table["token_env"], environ)
    if "token_file" in table:
        path = Path(table["token_file"]).expanduser()
        return FromFile(path, tidy(path, environ))
    if "token_keyring" in table:
        return FromKeyring("ciplun", table["token_keyring"])
    if "token" in table:
        return _literal(table["token"], file.path, file.shown)
    return None


def _literal(text: str, path: Path, shown: str) -> TokenSource:
    try:
        check_private(path, shown)
        return FromText(f"file {shown}", Token(text))
    except (TokenError, BadToken) as error:
        message = str(error) if isinstance(error, TokenError) else f"{shown}: {error}"
    raise SettingsError(message)


def _provider(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The settings of the provider's own tool, empty where there are none to be read."""
    try:
        found = json.loads(provider_file(environ).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def check_url(url: str, origin: str) -> str:
    """The address, if a token may be sent to it. Raises SettingsError."""
    try:
        return base_address(url).rstrip("/")
    except ValueError as error:
        raise SettingsError(f"{origin}: {error}") from None


def _arguments(value: Any, origin: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(value)) if isinstance(value, str) else tuple(value)
    except ValueError:
        raise SettingsError(f"{origin}: on_finished has an unbalanced quote") from None


def describe(settings: Settings) -> list[tuple[str, str, str]]:
    """Name, value and origin of each setting; of the token only its source."""
    shown: list[tuple[str, str, str]] = []
    for name, origin in settings.origins.items():
        if name == "token":
            value = "set" if settings.token or settings.demo else "not set"
        else:
            field_name = "starts_locked" if name == "locked" else name
            value = str(getattr(settings, field_name)) or "-"
        shown.append((name, value, origin))
    return shown
