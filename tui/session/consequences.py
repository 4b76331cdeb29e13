"""What follows where an operation, a plan or the account has changed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from tui.fleet.operation import Kind, Operation, State
from tui.fleet.plan import Plan
from tui.fleet.state import Fleet
from tui.fleet.store import Change, Store
from tui.notices import Teller
from tui.session.errands import Errands
from tui.vps.models import Account

if TYPE_CHECKING:
    from tui.fleet.state import Sighting
    from tui.fleet.writes.operations import Operations
    from tui.fleet.writes.plans import Plans
    from tui.session.connection import Connection


class Consequences:
    """Takes what has changed to the store, to who is told, and to what waits for it.

    `live` gives the connection, None until there is one; `plan_ended` hears of each end of a plan.
    """

    def __init__(
        self,
        store: Store,
        teller: Teller,
        errands: Errands,
        live: Callable[[], Connection | None],
        plan_ended: Callable[[Plan], None],
    ) -> None:
        self.attended = False
        """Whether somebody watches; a command looks after its own restores."""
        self._store = store
        self._teller = teller
        self._errands = errands
        self._live = live
        self._plan_ended = plan_ended
        self._learned: Account | None = None
        store.listen(self._learn)

    def of_operation(self, operation: Operation) -> None:
        """An operation has taken a step, or more is known of it."""
        self._store.apply_operation(operation)
        live = self._live()
        if live is not None:
            live.plans.note(operation)
            if operation.ended:
                self._store.apply_kept(live.operations.kept())
            self._teller.trouble(live.operations.trouble)
        before = self._teller.step(operation)
        if before is operation.state:
            return
        if operation.state is not State.INTENT:
            self._store.note_write(operation.server_id)
        if live is None:
            return
        if before is State.SENT:
            live.poller.refresh(operation.server_id)
        if self.attended and operation.kind is Kind.RESTORE and operation.ended:
            self._errands.perform(live.restarts.restore_ended(operation))

    def of_plan(self, plan: Plan) -> None:
        """A plan stands elsewhere than before."""
        self._store.apply_plan(plan)
        if not plan.open:
            self._plan_ended(plan)

    def of_power(self) -> None:
        """A plan has done with the power of a server; a command looks after its own."""
        live = self._live()
        if self.attended and live is not None:
            self._errands.perform(live.restarts.look())

    async def of_sighting(self, operations: Operations, plans: Plans, seen: Sighting) -> None:
        """Weigh an answer, and see what other sessions have done with their plans."""
        from tui.fleet.journal.journal import JournalUnavailable

        await operations.observe(seen)
        self._store.apply_kept(operations.kept())
        with suppress(JournalUnavailable):
            await plans.refresh()
        self._teller.trouble(operations.trouble)  # the journal may have gone meanwhile

    def _learn(self, fleet: Fleet, change: Change) -> None:
        """Have the account's operations known as its own once it has said who it is."""
        live = self._live()
        if change.rest and live is not None and fleet.account not in (None, self._learned):
            self._learned = fleet.account
            self._errands.perform(live.operations.learn(fleet.account))
