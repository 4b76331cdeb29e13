"""The last requests that the services of a test got, for the failure of whatever waits for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

SHOWN = 12
_services: list[Callable[[], Sequence[str]]] = []


@contextmanager
def noted(lines: Callable[[], Sequence[str]]) -> Iterator[None]:
    """While it is open, what `lines` gives belongs to the last requests."""
    _services.append(lines)
    try:
        yield
    finally:
        _services.remove(lines)


def last_requests() -> str:
    """A line for each, the newest last, for each service in turn."""
    told = [list(lines())[-SHOWN:] or ["none"] for lines in _services]
    return "\n".join(f"requests: {' | '.join(lines)}" for lines in told)
