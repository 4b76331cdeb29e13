"""Settings, frozen: what is set, and where each value came from."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from tui.config import file as config_file
from tui.config.credentials import (
    FromEnvironment,
    FromFile,
    FromKeyring,
    FromSettings,
    TokenError,
    TokenSource,
    check_owned,
)
from tui.config.file import ConfigFile, SettingsError
from tui.config.fitting import Unfit, meant
from tui.config.paths import config_file as config_path
from tui.config.paths import expand, provider_file, read_file, saved_token, seen, tidy
from tui.config.schema import DEFAULT_URL, SET_BY_USER, TOKENS, VARIABLES, Values, from_text
from tui.config.tables import Group, Policy, UserCommand
from tui.vps.token import masked
from tui.vps.urls import InsecureUrl, base_url, page_problem

_DEMO: Final[Mapping[str, Any]] = {"poll_idle": 5.0, "poll_busy": 1.0}


NO_SOURCE: Final = "nowhere"
"""Where a token comes from that there is not."""


class Options(msgspec.Struct, frozen=True):
    """What the command line said."""

    profile: str | None = None
    url: str | None = None
    read_only: bool = False
    demo: bool = False
    debug: bool = False
    view: str = ""  # what the dashboard opens with


class Settings(Values, frozen=True, kw_only=True):
    """One profile's settings; `origins` says where each value came from.

    `groups`, `policies`, `views` and `commands` are the user's own, by name, whatever the profile;
    `places` has ``file:line`` of each key in them, such as ``policies.nightly.on``, and of each
    command, such as ``commands.0``.
    """

    profile: str
    token: TokenSource | None
    demo: bool
    profiles: tuple[str, ...] = ()
    token_file: Path = Path()
    origins: Mapping[str, str] = {}
    groups: Mapping[str, Group] = {}
    policies: Mapping[str, Policy] = {}
    views: Mapping[str, str] = {}
    commands: tuple[UserCommand, ...] = ()
    places: Mapping[str, str] = {}

    @property
    def account(self) -> str:
        """What the journal files operations under: profile and address, never a token."""
        return "demo" if self.demo else f"{self.profile} {self.url}"


def load(options: Options, environ: Mapping[str, str]) -> Settings:
    """Put the settings together. Raises SettingsError, whose text is one line for the user.

    Precedence: option, environment, profile, the provider's own command-line tool, default. The
    demo takes no address and no token from anywhere.
    """
    refuse_empty(options.profile, "option --profile")
    refuse_empty(options.url, "option --url")
    _check_variables(environ, options.demo)
    file = config_file.read(config_path(environ), environ)
    asked = options.profile or environ.get("CIPLUN_PROFILE")
    by = "option --profile" if options.profile else "environment CIPLUN_PROFILE"
    profile, table, chosen_by = file.choose(asked, by)
    values: dict[str, Any] = {}
    origins = {"profile": chosen_by}
    for name in Values.__struct_fields__:
        found = _given(name, options, environ)
        if found is None and name in table:
            found = table[name], file.origin(name, profile)
        if found is None and name == "url":
            found = _provider_url(environ)
        origins[name] = "default"
        if found is not None:
            values[name], origins[name] = found
    token: TokenSource | None = None
    if options.demo:
        values = {**_DEMO, **values, "url": ""}
        origins |= dict.fromkeys(("profile", "url", "token"), "the demo's own")
    else:
        token, origins["token"] = _token(environ, file, table, profile)
        values["url"] = check_url(values.get("url", DEFAULT_URL), origins["url"])
    check_ping(values.get("ping_url", ""), origins["ping_url"])
    return Settings(
        **values,
        profile="demo" if options.demo else profile,
        token=token,
        demo=options.demo,
        profiles=file.profiles,
        token_file=saved_token(environ, profile),
        origins={name: masked(where) for name, where in origins.items()},
        **file.own._asdict(),
    )


def refuse_empty(value: str | None, where: str) -> None:
    """Refuse a value that is there and empty: it was meant to be something. Raises SettingsError.

    An unset variable of a shell must not lead to the default, which may be production.
    """
    if value is not None and not value.strip():
        raise SettingsError(f"{where}: must not be empty")


def _check_variables(environ: Mapping[str, str], demo: bool) -> None:
    """Refuse a variable that is empty, or all but one of ours: none must go unheard."""
    for name in (*SET_BY_USER, *(() if demo else ("VPS_API_URL", "VPS_API_TOKEN"))):
        refuse_empty(environ.get(name), f"environment {name}")
    for name in environ:
        if not name.startswith("CIPLUN_") or name in VARIABLES:
            continue
        if right := meant(name, SET_BY_USER, alike=0.9):
            raise SettingsError(f"environment {name}: unknown; {right}")


def _given(name: str, options: Options, environ: Mapping[str, str]) -> tuple[Any, str] | None:
    """A setting that an option or the environment gives, and which of them."""
    if name == "url" and options.url:
        return options.url, "option --url"
    if name == "read_only" and options.read_only:
        return True, "option --read-only"
    for variable in (f"CIPLUN_{name.upper()}", *(["VPS_API_URL"] if name == "url" else [])):
        if environ.get(variable):
            try:
                return from_text(name, environ[variable]), f"environment {variable}"
            except Unfit as why:
                raise SettingsError(f"environment {variable}: {why}") from None
    return None


def _token(
    environ: Mapping[str, str], file: ConfigFile, table: Mapping[str, Any], profile: str
) -> tuple[TokenSource | None, str]:
    """The token's source, in the same order of precedence, and where it is named."""
    if environ.get("CIPLUN_TOKEN"):
        return FromEnvironment("CIPLUN_TOKEN", environ), "environment CIPLUN_TOKEN"
    for key in TOKENS:
        variable = f"CIPLUN_{key.upper()}"
        if key != "token" and environ.get(variable):
            source = _source(key, environ[variable], environ)
            return source, f"environment {variable}: {source.describe()}"
    if environ.get("VPS_API_TOKEN"):
        return FromEnvironment("VPS_API_TOKEN", environ), "environment VPS_API_TOKEN"
    for key in TOKENS:
        if key not in table:
            continue
        origin = file.origin(key, profile)
        if key == "token":
            import tomllib  # loaded already, with the file

            entry = file.entry(key, profile)
            return _entry(file.path, file.shown, entry, tomllib.loads), origin
        source = _source(key, table[key], environ)
        return source, f"{origin}: {source.describe()}"
    saved = saved_token(environ, profile)
    if seen(saved):
        source = FromFile(saved, tidy(saved, environ))
        return source, source.describe()
    if _provider(environ).get("api_token"):
        path = provider_file(environ)
        import json

        source = _entry(path, tidy(path, environ), ("api_token",), json.loads)
        return source, source.describe()
    return None, NO_SOURCE


def _source(key: str, value: str, environ: Mapping[str, str]) -> TokenSource:
    """The source that a setting names."""
    if key == "token_command":
        from tui.config.token_command import FromCommand

        return FromCommand(value)
    if key == "token_env":
        refuse_empty(environ.get(value), f"environment {value}")
        return FromEnvironment(value, environ)
    if key == "token_file":
        path = expand(value, environ)
        return FromFile(path, tidy(path, environ))
    return FromKeyring("ciplun", value)


def _entry(
    path: Path, shown: str, entry: tuple[str, ...], parse: Callable[[str], Any]
) -> TokenSource:
    """A token that stands in a file; one that could not be used is refused at once."""
    source = FromSettings(path, shown, entry, parse)
    try:
        source.look()
    except TokenError as error:
        raise SettingsError(str(error)) from None
    return source


def _provider(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The settings of the provider's own tool, empty where there are none to be read."""
    path = provider_file(environ)
    try:
        content = read_file(path)
        import json  # most have no such file, and what reads it takes its time to load

        found = json.loads(content.decode("utf-8-sig"))
        check_owned(path, tidy(path, environ))
    except (OSError, ValueError, RecursionError):
        return {}
    except TokenError as error:
        raise SettingsError(str(error)) from None
    return found if isinstance(found, dict) else {}


def _provider_url(environ: Mapping[str, str]) -> tuple[str, str] | None:
    found = _provider(environ).get("api_url")
    where = tidy(provider_file(environ), environ)
    return (found, where) if isinstance(found, str) and found else None


def check_url(url: str, origin: str) -> str:
    """The address, if a token may be sent to it and none is in it. Raises SettingsError."""
    if not origin.startswith(("option", "environment")):  # those name it
        origin = f"{origin}: url"
    if masked(url) != url:
        raise SettingsError(f"{origin}: there is a token in the address")
    try:
        return base_url(url).rstrip("/")
    except InsecureUrl as error:
        raise SettingsError(f"{origin}: {error}") from None


def check_ping(url: str, origin: str) -> None:
    """Refuse an address that may not be told of a good run. Raises SettingsError."""
    problem = "there is a token in the address" if masked(url) != url else page_problem(url)
    if url and problem:
        raise SettingsError(f"{origin}: ping_url: {problem}")


def describe(settings: Settings) -> list[tuple[str, str, str]]:
    """Name, value and origin of each setting; of the token only its source."""
    values = {name: getattr(settings, name) for name in settings.origins}
    values["token"] = "set" if settings.token or settings.demo else "not set"
    return [
        (name, masked(_shown(values[name])) or "-", where)
        for name, where in settings.origins.items()
    ]


def _shown(value: object) -> str:
    """A value as one would write it."""
    if isinstance(value, tuple):
        return shlex.join(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {text}" for name, text in value.items())
    return str(value)
