"""A service in a thread that says exactly what a test has it say: for programs on a terminal."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from tests.helpers.faulty import http
from tests.helpers.last_requests import noted

SECRET = "vps_marked_4f1e8d7c6b5a"
Answer = Callable[[str, str], bytes | Iterable[bytes]]
"""From method and path (with its query) to the bytes of an answer; none of them: hang up."""


@dataclass
class Said:
    """A running service. `answer` may be exchanged at any time."""

    answer: Answer
    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    def count(self, method: str) -> int:
        return sum(sent == method for sent, _ in self.requests)


@contextmanager
def saying(answer: Answer) -> Iterator[Said]:
    """A service on 127.0.0.1 that answers so."""
    said = Said(answer)

    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            while line := self.rfile.readline():
                head, length = [line], 0
                while (line := self.rfile.readline()) not in (b"\r\n", b""):
                    head.append(line)
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                self.rfile.read(length)
                method, path, _ = head[0].decode().split(" ")
                said.heads.append(b"".join(head))
                said.requests.append((method, path))
                answer = said.answer(method, path)
                if not answer:
                    return
                for part in [answer] if isinstance(answer, bytes) else answer:
                    self.wfile.write(part)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """The client may go whenever it likes."""

    with Server(("127.0.0.1", 0), Handler) as server:
        said.url = f"http://127.0.0.1:{server.server_address[1]}/api/v1"
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            with noted(lambda: [" ".join(request) for request in said.requests]):
                yield said
        finally:
            server.shutdown()


def page(items: Sequence[object], status: str = "200 OK") -> bytes:
    """A list of one page."""
    return http(json.dumps({"count": len(items), "results": items}), status)


def snapshot(key: object = 1, **changes: object) -> dict[str, object]:
    """A snapshot as the service sends it."""
    return {
        "id": key,
        "server": {"id": 10, "name": "web"},
        "name": f"snap-{key}",
        "status": "completed",
        "size_mb": 5120,
        "created_at": "2025-01-15T18:30:00Z",
        "description": "",
        **changes,
    }


def fleet(
    snapshots: Sequence[object] = (),
    servers: Sequence[object] = (),
    others: Mapping[tuple[str, str], bytes] | None = None,
) -> Answer:
    """Answers with these lists; `others` says what else, by method and the path's beginning."""
    account = {"account": {"email": "a@example.org"}, "token": {"permissions": ["servers:*"]}}

    def answer(method: str, path: str) -> bytes:
        path = path.removeprefix("/api/v1")
        for (wanted, beginning), body in (others or {}).items():
            if method == wanted and path.startswith(beginning):
                return body
        if path.startswith("/snapshots/"):
            return page(snapshots)
        if path.startswith("/account/"):
            return http(json.dumps(account))
        return page(servers) if path.partition("?")[0] == "/servers/" else NOT_FOUND

    return answer


NOT_FOUND = http('{"detail": "Not found."}', "404 Not Found")
