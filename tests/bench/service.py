"""The simulator in a process of its own, where nothing is under way."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator

from tests.helpers.places import TOKEN
from tests.helpers.program import CIPLUN


@contextlib.contextmanager
def service(servers: int, dialect: str = "docs") -> Iterator[dict[str, str]]:
    """Serve a made-up fleet; gives the variables of the environment that lead to it."""
    command = [*CIPLUN, "simulator", "--json", "--token", TOKEN]
    process = subprocess.Popen(
        [*command, "--servers", str(servers), "--dialect", dialect],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        yield {"VPS_API_URL": url, "VPS_API_TOKEN": TOKEN}
    finally:
        process.terminate()
        process.wait()
