"""The first screen where no token is found: all ways to give one, or the demo."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from textual import on
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.config import paths
from tui.config.credentials import TokenError, save_token
from tui.config.settings import Settings
from tui.screens.dialogs.base import Dialog, paragraph
from tui.terminal import logs
from tui.vps.errors import Forbidden, NotFound, VpsError
from tui.vps.models import PANEL, Account
from tui.vps.token import BadToken, Token
from tui.widgets.text_field import Field

DEMO = "demo"
_WAYS = """\
  VPS_API_TOKEN        an environment variable
  token_command        a setting: what a password manager prints
  token_file           a setting: a file that only you can read
  ~/.vps/config.json   what the provider's own `vps login` wrote

Settings are in {config}"""


class FirstRun(Dialog[str]):
    """Gives ``demo``, or the account's name once a pasted token has been checked and saved."""

    wide = True

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        super().__init__("Welcome to ciplun")
        self._settings = settings
        self._config = paths.tidy(paths.config_file(environ), environ)
        self._token_file = paths.tidy(settings.token_file, environ)
        self._checking = False

    def body(self) -> Iterable[Widget]:
        """The ways, and a field to paste a token into."""
        yield paragraph(f"No API token was found. Make one at {PANEL}")
        yield paragraph("Any of these gives it:\n\n" + _WAYS.format(config=self._config))
        yield Static(
            f"Or paste it here: it is checked, and saved to {self._token_file} for you alone.",
            classes="label",
            markup=False,
        )
        yield Field(password=True, placeholder="vps_…", id="token")
        key = self.keys.shown("accept")
        yield paragraph(f"Leave the field empty and press {key} to look around in the demo.")

    def foot(self) -> Iterable[Widget]:
        """The answer, and what the keys do."""
        yield Static("", id="answer", markup=False)
        yield self.hint(accept="go on", leave="close this page")

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Go on with the demo, or check what was pasted."""
        if not event.value.strip():
            self.finish(DEMO)
        elif not self._checking:
            try:
                token = Token(event.value)
            except BadToken as error:
                self._answer(str(error))
                return
            self._checking = True
            self._answer("asking whose token it is …")
            self.run_worker(self._ask(token), group="first-run", exit_on_error=False)

    async def _ask(self, token: Token) -> None:
        try:
            account = await self._account(token)
            await self._save(token)
        except (VpsError, TokenError) as error:
            self._answer(str(error))
        else:
            self.query_one(Field).value = ""
            self.finish(account.email or "token")
        finally:
            self._checking = False

    async def _account(self, token: Token) -> Account:
        """Ask whose token it is. Raises VpsError."""
        from tui.vps.client import Client  # HTTP takes its time to load

        logs.hide(token)
        client = Client(self._settings.url, token)
        try:
            return await client.account()
        except (NotFound, Forbidden):  # no such page, or not for this token: the list decides
            await client.snapshots()
            return Account()
        finally:
            await client.aclose()

    async def _save(self, token: Token) -> None:
        try:
            await asyncio.to_thread(save_token, self._settings.token_file, token)
        except OSError as error:
            words = f"the token is good, but not saved: {self._token_file}: {error.strerror}"
            raise TokenError(words) from None

    def _answer(self, text: str) -> None:
        self.query_one("#answer", Static).update(text)
