"""Where one account's operations are kept: the journal, and memory for what has no record."""

from __future__ import annotations

from collections.abc import Sequence

from tui.fleet.clock import Moment
from tui.fleet.journal.journal import Also, Journal, JournalUnavailable
from tui.fleet.operation import Operation
from tui.vps.models import Key


class Books:
    """The journal of an account, and beside it what is sent without a record (negative ids).

    `trouble` says why no record can be kept now, or is empty. `names` are all that the account is
    known to have, `account` the one that its token gives it.
    """

    def __init__(self, journal: Journal, account: str) -> None:
        self.journal = journal
        self.account = account
        self.names = frozenset({account})
        self.trouble = ""
        self._unrecorded = (
            journal if journal.in_memory else Journal(None, moments=journal.file.moments)
        )

    async def refresh(self) -> None:
        """Read which names the account has. Raises JournalUnavailable."""
        self.names = await self.journal.names(self.account)

    def become(self, account: str) -> None:
        """Be another account, of which no other name is known yet."""
        self.account, self.names = account, frozenset({account})

    def of(self, operation_id: int) -> Journal:
        """The book that an operation is in. Raises nothing."""
        return self._unrecorded if operation_id < 0 else self.journal

    def book(self, *, unjournaled: bool) -> Journal:
        """The book for something new. Raises nothing."""
        return self._unrecorded if unjournaled else self.journal

    async def begin(
        self, intent: Operation, now: Moment, *, unjournaled: bool, also: Also | None = None
    ) -> Operation:
        """Record an intent. Raises Clash, JournalUnavailable, and what `also` raises."""
        return await self.book(unjournaled=unjournaled).begin(intent, now, also)

    async def get(self, operation_id: int) -> Operation | None:
        """One operation. Raises JournalUnavailable."""
        return await self.of(operation_id).get(operation_id)

    async def history(self, running: Sequence[Operation], limit: int) -> Sequence[Operation]:
        """Those that run and those that are past, newest first, as far as can be read."""
        found = {operation.id: operation for operation in running}
        for book in {self.journal, self._unrecorded}:
            try:
                found |= {o.id: o for o in await book.history(self.account, limit)}
            except JournalUnavailable as error:
                self.trouble = str(error)
        ordered = sorted(found.values(), key=lambda o: (o.asked_at, abs(o.id)), reverse=True)
        return ordered[:limit]

    async def made(self) -> frozenset[Key]:
        """Ids of the snapshots that creates of this account made. Raises JournalUnavailable."""
        return await self.journal.made(self.account) | await self._unrecorded.made(self.account)

    async def close(self) -> None:
        """Close both."""
        for book in {self.journal, self._unrecorded}:
            await book.close()
