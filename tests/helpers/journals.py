"""Records for a journal."""

from __future__ import annotations

from msgspec.structs import replace

from tui.fleet.operation import Kind, Operation, State


def operation(server: int | str = 1, **changes: object) -> Operation:
    made = Operation(
        id=0,
        kind=Kind.CREATE,
        state=State.INTENT,
        account="test",
        server_id=server,
        server_name="web",
        snapshot_id=None,
        snapshot_name="fresh",
        asked_at=1.0,
    )
    return replace(made, **changes)
