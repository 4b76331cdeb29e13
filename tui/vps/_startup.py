"""What is changed in other libraries, all of it here, each with its reason, figures and source.

Figures: Python 3.11, one core of a small server, httpx 0.28.1, httpcore 1.0.9, anyio 4.16.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec


def before_httpx() -> None:
    """Change what httpx would find while it is imported.

    - ``httpx._main`` is its own command line, loaded wherever click is installed, and rich with
      it: 270 ms and 181 modules instead of 100 ms and 99. httpx takes an ImportError for "no
      command line" (https://github.com/encode/httpx/blob/0.28.1/httpx/__init__.py).
    - ``sniffio`` is looked for again at each request along the whole path where it is not
      installed: 1.06 ms of processor time for a request instead of 0.76 ms
      (https://github.com/encode/httpcore/blob/1.0.9/httpcore/_synchronization.py).
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    if "sniffio" not in sys.modules and find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]


def with_httpx() -> None:
    """Change httpx once it is there, in whatever thread it is loaded.

    - anyio imports its back end at the first request, on the event loop: import it now.
    - httpcore reads 64 KB and takes them apart before anything else may run. In 64 KB there is
      room for 2,600 interim answers, or 11,000 chunks of one byte: keys came seconds late. With
      8 KB at a time a long list takes no longer to read
      (https://github.com/encode/httpcore/blob/1.0.9/httpcore/_async/http11.py).
    """
    import anyio._backends._asyncio  # noqa: F401
    import httpcore

    httpcore.AsyncHTTP11Connection.READ_NUM_BYTES = 16 * 1024
