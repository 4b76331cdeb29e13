"""Telling somebody else's page that a run went well: nothing is sent but the question itself."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlsplit

import httpx

from tui.vps.error_mapping import error_from_exception
from tui.vps.errors import UnusableProxy
from tui.vps.transport import page_client

SECONDS: Final = 10.0
"""For the whole of it."""


async def ping(url: str) -> str:
    """Ask for a page that `tui.vps.urls.page_problem` allows; returns what went wrong, or nothing.

    No token, no cookie and no name goes along; a redirect is not followed, and no body is read.
    """
    host = urlsplit(url).netloc
    try:
        async with (
            asyncio.timeout(SECONDS),
            page_client(url, SECONDS) as client,
            client.stream("GET", url) as answer,
        ):
            status = answer.status_code
    except TimeoutError:
        return f"{host} did not answer in {SECONDS:.0f} s"
    except UnusableProxy as error:
        return str(error)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return str(error_from_exception(error, host, writing=False))
    return "" if status < 300 else f"{host} answered with {status}"
