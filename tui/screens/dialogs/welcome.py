"""The first screen where no token is found: all ways to give one, or the demo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.config.credentials import TokenError
from tui.screens.dialogs.base import Dialog, paragraph
from tui.vps.errors import VpsError
from tui.vps.models import PANEL, Account
from tui.vps.token import BadToken, Token
from tui.widgets.text_field import Field

DEMO = "demo"
Check = Callable[[Token], Awaitable[Account]]
"""Asks the service whose token it is, and saves it. Raises VpsError or TokenError."""

_WAYS = """\
  VPS_API_TOKEN        an environment variable
  token_command        a setting: what a password manager prints
  token_file           a setting: a file that only you can read
  ~/.vps/config.json   what the provider's own `vps login` wrote

Settings are in {config}"""


class FirstRun(Dialog[str]):
    """Gives ``demo``, or the account's name once a pasted token has been checked and saved."""

    wide = True

    def __init__(self, config: str, token_file: str, check: Check) -> None:
        super().__init__("Welcome to ciplun")
        self._config = config
        self._token_file = token_file
        self._check = check
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
        yield paragraph("Leave the field empty and press enter to look around in the demo.")

    def foot(self) -> Iterable[Widget]:
        """The answer, and what the keys do."""
        yield Static("", id="answer", markup=False)
        yield Static("enter goes on   esc leaves ciplun", classes="hint", markup=False)

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
            account = await self._check(token)
        except (VpsError, TokenError) as error:
            self._answer(str(error))
        else:
            self.query_one(Field).value = ""
            self.finish(account.email or "token")
        finally:
            self._checking = False

    def _answer(self, text: str) -> None:
        self.query_one("#answer", Static).update(text)
