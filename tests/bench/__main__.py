"""``python -m tests.bench``: every figure that is promised, as a table.

Figures are ratios to a bare Textual app in the same run (A B A B, medians), because machines
differ and are noisy. ``--quick`` takes fewer runs. ``--write`` keeps the table in RESULTS.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from tests.bench import far, inside, lists, outside, soak
from tests.bench.table import HEAD, Row

RESULTS = Path(__file__).with_name("RESULTS.md")
ANSWERS = Path(__file__).with_name("ANSWERS.md")


def figures(quick: bool) -> Iterator[Row]:
    yield from outside.small(quick)
    yield from outside.large(quick)
    yield from far.far(quick)
    yield from far.poor(quick)
    yield from asyncio.run(inside.simulator(quick))
    yield from asyncio.run(inside.large_fleet(quick))
    yield from asyncio.run(inside.requests(quick))
    yield from asyncio.run(soak.soak(quick))


def conditions(quick: bool) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("textual", "httpx", "msgspec"))
    load = os.getloadavg()[0]
    return (
        f"`python -m tests.bench {'--quick ' if quick else ''}--write` · "
        f"Python {platform.python_version()}, {packages} · {platform.system()}, "
        f"{os.cpu_count()} CPUs, load {load:.1f} at the start"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    taken = conditions(options.quick)
    lines = [HEAD]
    print(HEAD, flush=True)
    for row in figures(options.quick):
        lines.append(str(row))
        print(row, flush=True)
    compared = asyncio.run(lists.compare(options.quick))
    print(f"\n{compared}", flush=True)
    if options.write:
        text = f"# Measured\n\n{taken}\n\n" + "\n".join(lines)
        text += f"\n\n## Lists\n\n{compared}\n\n{ANSWERS.read_text(encoding='utf-8')}"
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
