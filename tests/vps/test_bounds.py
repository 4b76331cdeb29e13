"""What a service may send at most: memory stays bounded, and the event loop goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.faulty import SECRET, client, faulty, http
from tui.vps.errors import VpsError

MB = 1024 * 1024
READ = r"""
import asyncio, re, sys
from tests.helpers.faulty import client
from tui.vps.errors import VpsError

async def main():
    async with client(sys.argv[1], read=30.0) as api:
        try:
            told = str(len((await api.snapshots()).items))
        except VpsError as error:
            told = str(error)
    peak = re.search(r'VmHWM:\s+(\d+)', open('/proc/self/status').read())[1]
    print(int(peak) >> 10, told)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"0," * (16 * MB - 2) + b"0]",
        b"[" + b",".join(b'{"id":%d}' % n for n in range(1_000_000)) + b"]",
        b'[{"id":1,"server":1,"name":"' + b"\\ud800" * 5_000_000 + b'"}]',
        b"[" * (31 * MB),
        b"[" + b"9" * (31 * MB) + b"]",
        b'{"results":[],"next":"' + b"\\\\" * (15 * MB) + b'"}',
    ],
    ids=["zeros", "small objects", "half pairs", "nesting", "digits", "backslashes"],
)
async def test_no_body_takes_more_than_300_mb(body: bytes) -> None:
    async with faulty(http(body)) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", READ, server.url, stdout=subprocess.PIPE
        )
        told, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert int(told.split()[0]) < 300


async def longest_pause(*answers: bytes, seconds: float) -> float:
    """The longest time for which the event loop did nothing else while an answer is read."""
    longest, last = 0.0, time.monotonic()

    async def watch() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()

    async def flood(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[0])
        while not writer.is_closing():
            writer.write(answers[1] * (256 * 1024 // len(answers[1])))
            await writer.drain()

    async with faulty(flood) as server, client(server.url, read=seconds) as api:
        watching = asyncio.create_task(watch())
        with pytest.raises(VpsError):
            await api.snapshots()
        watching.cancel()
    return longest


@pytest.mark.parametrize(
    "answers",
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
)
async def test_the_loop_goes_on_while_crumbs_come_without_end(answers: tuple[bytes, ...]) -> None:
    assert await longest_pause(*answers, seconds=1.0) < 0.8


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=300), st.sampled_from([b"200 OK", b"201 X", b"400 X", b"404 X", b""]))
def test_whatever_comes_only_our_own_errors_do(body: bytes, status: bytes) -> None:
    answer = b"HTTP/1.1 " + status + b"\r\n" + body if status else body
    echo = http(body + SECRET.encode(), (status or b"500 X").decode())

    async def ask() -> None:
        for sent in (answer + b"\r\n\r\n", echo):
            async with faulty(sent) as server, client(server.url, read=0.3, write=0.3) as api:
                for call in (api.snapshots(), api.create_snapshot(1, "x"), api.delete_snapshot(1)):
                    try:
                        await call
                    except VpsError as error:
                        assert SECRET not in str(error)
                        assert len(str(error)) < 2_000
                        assert str(error).isprintable()

    asyncio.run(ask())
