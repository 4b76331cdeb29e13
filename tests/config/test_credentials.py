"""Where the token comes from: read when needed, never shown, never by a shell."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from tests.helpers.settings_files import home
from tui.config.credentials import (
    FromEnvironment,
    FromFile,
    FromKeyring,
    TokenError,
    check_private,
    save_token,
)
from tui.config.settings import Options, load
from tui.config.token_command import FromCommand
from tui.session.connector import Surroundings
from tui.vps.token import Token, Unshown

SECRET = "vps_marked_4f1e8d7c6b5a"


def command(script: str, limit: float = 10.0) -> FromCommand:
    return FromCommand(shlex.join(["sh", "-c", script]), limit)


async def refusal(source: FromCommand | FromFile | FromKeyring) -> str:
    with pytest.raises(TokenError) as caught:
        await source.read()
    said = str(caught.value)
    assert SECRET not in said
    assert said.isprintable()
    return said


# -- a command ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script", [f"echo {SECRET}", f"printf %s {SECRET}", f"echo; echo '  {SECRET}\r'; echo"]
)
async def test_what_a_command_prints_is_trimmed(script: str) -> None:
    assert (await command(script).read()).reveal() == SECRET


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (f"echo {SECRET}; exit 3", "exit code 3"),
        ("kill -9 $$", "exit code -9"),
        (f"echo {SECRET}; echo {SECRET}", "printed 2 lines"),
        ("true", "printed 0 lines"),
        (f"echo 'is {SECRET} it?'", "characters that a token cannot have"),
        (f"printf '{SECRET}\\033]52;c;x\\007'", "characters that a token cannot have"),
        ("printf '\\377\\376'", "characters that a token cannot have"),
        ("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo y", "more than a token"),
        (f"echo {SECRET} >&2; exit 1", "exit code 1"),
    ],
)
async def test_a_command_that_gives_no_token(script: str, why: str) -> None:
    assert why in await refusal(command(script))


async def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 60 & echo $! $$ > {pids}; sleep 60"
    start = time.monotonic()
    assert "no token after 0.5 seconds" in await refusal(command(script, limit=0.5))
    assert time.monotonic() - start < 5
    for pid in pids.read_text().split():
        end = time.monotonic() + 5
        while Path(f"/proc/{pid}").exists() and "Z" not in _state(pid):
            assert time.monotonic() < end


def _state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


async def test_a_command_has_no_terminal_to_ask_for_a_passphrase(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GPG_TTY", "/dev/pts/99")
    asks = f'test -z "$GPG_TTY" && ! read x && ! true < /dev/tty && echo {SECRET}'
    assert (await command(asks).read()).reveal() == SECRET


async def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    made = tmp_path / "made"
    source = FromCommand(f"echo $HOME; touch {made}")
    await refusal(source)
    assert not made.exists()
    for odd in ("", "   ", "'half", f"no-such-program-anywhere {SECRET}", str(tmp_path)):
        assert await refusal(FromCommand(odd))


def test_a_command_is_named_without_its_arguments() -> None:
    source = FromCommand(f"get-token --password {SECRET}")
    assert source.describe() == "command get-token"
    assert SECRET not in repr(source)


def test_no_record_shows_the_environment() -> None:
    records = [*msgspec.Struct.__subclasses__()]
    for record in records:
        records += record.__subclasses__()
    holding = {record for record in records if "environ" in record.__struct_fields__}
    assert {FromEnvironment, Surroundings} <= holding
    assert [record for record in holding if not issubclass(record, Unshown)] == []


# -- variables and files -----------------------------------------------------------------------


async def test_a_variable_that_is_missing_empty_or_odd(tmp_path: Path) -> None:
    environ = home(tmp_path, 'token_env = "MINE"')
    source = load(Options(), environ).token
    assert source is not None
    with pytest.raises(TokenError, match="variable MINE is not set"):
        await source.read()
    environ["MINE"] = f"{SECRET} and more"
    with pytest.raises(TokenError, match="environment MINE: the token"):
        await source.read()
    environ["MINE"] = f" {SECRET}\n"
    assert (await source.read()).reveal() == SECRET


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a file of root's")
def test_a_credential_of_systemd_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made for a service of its own user: `-r--r-----+ root root`, through an access list."""
    file = tmp_path / "token"
    file.write_text(SECRET)
    file.chmod(0o440)
    with pytest.raises(TokenError, match="others can read it"):
        check_private(file, "token")
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    check_private(file, "token")
    for mode in (0o460, 0o444, 0o450):
        file.chmod(mode)
        with pytest.raises(TokenError, match="others can read it"):
            check_private(file, "token")
    file.chmod(0o440)
    os.chown(file, 0, 1234)
    with pytest.raises(TokenError, match="others can read it"):
        check_private(file, "token")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o677])
async def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text(SECRET)
    file.chmod(mode)
    assert "chmod 600" in await refusal(FromFile(file, "~/token"))
    file.chmod(0o400)
    assert (await FromFile(file, "~/token").read()).reveal() == SECRET


async def test_a_file_that_is_none(tmp_path: Path) -> None:
    assert "No such file" in await refusal(FromFile(tmp_path / "missing", "~/missing"))
    assert "not a file" in await refusal(FromFile(tmp_path, "~"))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert "not a file" in await refusal(FromFile(pipe, "~/pipe"))
    for content in (b"", b"\n", f"{SECRET}\n{SECRET}\n".encode(), b"\xff\xfe", b"a\x00b"):
        (tmp_path / "odd").write_bytes(content)
        (tmp_path / "odd").chmod(0o600)
        assert "~/odd" in await refusal(FromFile(tmp_path / "odd", "~/odd"))


async def test_a_token_in_the_settings_is_read_anew(tmp_path: Path) -> None:
    environ = home(tmp_path, f'[profiles.a]\ntoken = "{SECRET}"')
    source = load(Options(), environ).token
    assert source is not None
    assert (await source.read()).reveal() == SECRET
    home(tmp_path, '[profiles.a]\ntoken = "vps_the_next_one"')
    assert (await source.read()).reveal() == "vps_the_next_one"
    home(tmp_path, f'[profiles.a]\ntoken = "{SECRET}"', mode=0o644)
    with pytest.raises(TokenError, match="chmod 600"):
        await source.read()
    for gone in ("[profiles.b]\n", "token = ", "token = 7"):
        home(tmp_path, gone)
        with pytest.raises(TokenError, match=r"config\.toml: "):
            await source.read()


def test_a_saved_token_is_its_owner_s_alone_whatever_the_umask(tmp_path: Path) -> None:
    file = tmp_path / "state/ciplun/token-default"
    old = os.umask(0)
    try:
        save_token(file, Token(SECRET))
        save_token(file, Token("vps_the_next_one"))
    finally:
        os.umask(old)
    assert file.read_text() == "vps_the_next_one\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["token-default"]


# -- keyring -----------------------------------------------------------------------------------


def fake_keyring(monkeypatch: pytest.MonkeyPatch, answer: str | Exception | None) -> None:
    errors = ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})  # type: ignore[attr-defined]
    module = ModuleType("keyring")

    def get_password(service: str, user: str) -> str | None:
        assert (service, user) == ("ciplun", "me")
        if isinstance(answer, Exception):
            raise errors.KeyringError(SECRET)
        return answer

    module.get_password = get_password  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


async def test_a_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = load(Options(), home(tmp_path, 'token_keyring = "me"')).token
    assert isinstance(source, FromKeyring)
    fake_keyring(monkeypatch, SECRET)
    assert (await source.read()).reveal() == SECRET
    fake_keyring(monkeypatch, None)
    assert "no such entry" in await refusal(source)
    fake_keyring(monkeypatch, RuntimeError())
    assert "keyring ciplun/me: KeyringError" in await refusal(source)
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "not installed" in await refusal(source)
