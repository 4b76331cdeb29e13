"""What was measured before, by what it is of: on two slow, quiet cores, in pairs as now.

A name that is not here was not measured then, or measured something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CLIENT: Final = "100 ms, 1,000 servers, client"

BEFORE: Final[Mapping[str, str]] = {
    "Start: exec to the first paint": "1.29-1.35x",
    "Start: CPU up to the first paint": "1.32x",
    "Start: first paint to the first rows": "245 ms",
    "Memory, 12 servers": "1.51x",
    "Key to quiet screen, 12 servers, median": "1.38-1.48x",
    "Key to quiet screen, 12 servers, p95": "1.38-1.42x",
    "Key to quiet screen at 9,600 bit/s, median": "0.75x",
    "Key to quiet screen, 10,000 servers, median": "1.33-1.44x",
    "Key to quiet screen, 10,000 servers, p95": "1.37-1.41x",
    "The same at 9,600 bit/s, scrolling, median": "0.35x",
    "Key, 12 servers: CPU": "1.81x",
    "Bytes: a key, 12 servers": "238 against 343",
    "Bytes: the help, opened": "10,617",
    "Bytes: the help, left": "8,878",
    "Bytes: a form, opened": "9,461",
    "Bytes: its next field": "661",
    "Bytes: a letter in it": "84",
    "Bytes: the form, left": "8,521",
    "Bytes: the other pane": "3,299",
    "Bytes: all snapshots": "11,184",
    "Bytes: a page down in them": "679",
    "Bytes: a line of scrolling": "2,527",
    "Bytes: a key, 10,000 servers": "1,059 against 2,951",
    "50,000 rows, all snapshots: key to quiet screen": "147 ms",
    "50,000 rows, sort by the next column: key to quiet screen": "48 ms",
    "50,000 rows, reverse: key to quiet screen": "32 ms",
    "50,000 rows, first letter of a filter: key to quiet screen": "132 ms",
    "50,000 rows, second letter: key to quiet screen": "49 ms",
    "50,000 rows, third letter: key to quiet screen": "50 ms",
    "`list` of 10,000 servers: CPU": "2,400 ms",
    "Refresh of 10,000 servers, nothing changed: CPU": "700-1,150 ms",
    f"{_CLIENT}: paint to first rows": "26,700 ms",
    f"{_CLIENT}: paint to all of them": "26,500 ms",
    f"{_CLIENT}: `list`": "22-28 s",
    f"{_CLIENT}: `check`": "22-28 s",
    "100 ms, 10,000 servers, client: paint to all of them": "about 270 s",
    "Simulator: ready": "147 ms",
    "Simulator: a list, median with our client": "1.1 ms",
    "Simulator: 50,000 snapshots seeded and ready": "0.4 s",
    "Longest stall: first load of 50,000 snapshots": "15 ms",
    "Memory for each snapshot held": "0.7 KB",
    "Longest stall: refresh, nothing changed": "13 ms",
    "Longest stall: refresh, one change": "17 ms",
    "50,000 rows, all snapshots: stall": "39 ms",
    "50,000 rows, sort by another column: stall": "14 ms",
    "50,000 rows, reverse: stall": "18 ms",
    "50,000 rows, the filter, opened: stall": "20 ms",
    "50,000 rows, first letter of the filter: stall": "39 ms",
    "50,000 rows, second letter: stall": "10 ms",
    "50,000 rows, third letter: stall": "10 ms",
    "Requests an hour: 10,000 servers, one busy": "331 and 1,213",
    "Memory grown in 10,000 polls of the app": "0.1 MB",
}
