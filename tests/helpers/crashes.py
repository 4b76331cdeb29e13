"""What a session that died has left behind."""

from __future__ import annotations

from tests.helpers.places import Place
from tui.fleet.journal.power import PowerBook
from tui.fleet.power import PowerNote, Stage
from tui.vps.models import Server


async def left_stopped(place: Place, *names: str) -> None:
    """These servers have been stopped for a snapshot, and the journal says so."""
    session = place.session()
    live = await session.open()
    book = PowerBook(live.operations.journal, lambda: live.operations.books.account)
    for name in names:
        server = place.server(name)
        server.power = "stopped"
        note = PowerNote(place.key(server), name, Stage.STOPPED, session.service_now())
        model = Server(id=note.server_id, name=name)
        await book.begin(note, live.operations.create_intent(model, ""))
    await session.close()
