"""A certificate authority for one run, so that a client can be tried over TLS.

Its key is in memory only; what a client needs to trust it lies in a file until the end.
"""

from __future__ import annotations

import contextlib
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tui.simulator.options import LOCAL_NAMES, WrongOption


@dataclass(frozen=True, slots=True)
class Authority:
    """What the service speaks with, and the file that names whom to trust."""

    context: ssl.SSLContext
    file: Path


@contextlib.contextmanager
def authority(*hosts: str) -> Iterator[Authority]:
    """An authority with a certificate for loopback and `hosts`. Raises WrongOption."""
    try:
        import trustme
    except ImportError:
        raise WrongOption("--tls needs trustme: pip install 'ciplun[tls]'") from None
    maker = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    names = dict.fromkeys((*LOCAL_NAMES, *hosts))
    maker.issue_cert(*names).configure_cert(context)
    with tempfile.TemporaryDirectory(prefix="ciplun-simulator-") as folder:
        file = Path(folder) / "authority.pem"
        maker.cert_pem.write_to_path(file)
        yield Authority(context, file)
