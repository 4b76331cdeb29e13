from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.helpers.desk import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """An account with a session that has started."""
    desk = Desk(tmp_path)
    await desk.operations.start()
    yield desk
    for operations in desk.desks:
        await operations.close()
