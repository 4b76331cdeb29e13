"""Whose writes they are: the account is asked once for each token, and the journal remembers it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tui.fleet.identity import OWN, Identity
from tui.fleet.journal.journal import JournalUnavailable
from tui.fleet.writes.books import Books
from tui.fleet.writes.preflight import Api
from tui.vps.errors import Forbidden, NotFound, VpsError
from tui.vps.models import Account

log = logging.getLogger(__name__)


class Identification:
    """Finds out who an account is, so that its other tokens and profiles are known as the same."""

    def __init__(self, books: Books, identity: Identity, api: Callable[[], Api]) -> None:
        self._books = books
        self._identity = identity
        self._api = api
        self._done = not identity.url
        self._learned: list[str] = []

    def become(self, identity: Identity) -> None:
        """Begin anew with another token."""
        if identity.name != self._identity.name:
            self._identity, self._done, self._learned = identity, not identity.url, []
            self._books.become(identity.name)

    async def find_out(self) -> bool:
        """Ask the account who it is, unless that is known. Returns whether something is new."""
        if self._done:
            return await self._again()
        try:
            await self._books.refresh()
        except JournalUnavailable:
            return False  # nothing could be remembered
        if any(name.startswith(OWN) for name in self._books.names):
            return await self.learn(Account())
        try:
            account = await self._api().account()
        except (NotFound, Forbidden):
            account = Account()
        except VpsError as error:
            log.info("the account is not known yet: %s", error)
            return False
        return await self.learn(account)

    async def learn(self, account: Account) -> bool:
        """Take over who the account says it is. Returns whether that is new."""
        if self._done:
            return False
        own = [self._identity.known_as(account.email)] if account.email.strip() else []
        try:
            await self._books.journal.learn([*own, self._identity.name], self._identity.former)
            await self._books.refresh()
        except JournalUnavailable:
            return False
        self._done, self._learned = True, [*self._books.names]
        return True

    async def _again(self) -> bool:
        """Have a journal that was begun since know the names too. Returns whether it was new."""
        try:
            await self._books.refresh()
            if self._books.names.issuperset(self._learned):
                return False
            await self._books.journal.learn(self._learned)
            await self._books.refresh()
        except JournalUnavailable:
            return False
        return True
