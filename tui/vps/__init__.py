"""The provider: what VPS.org says and how to ask it. Nothing here knows of a screen."""

import sys

# Where click is installed, httpx loads a command line of its own, and with it the rest of rich.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
