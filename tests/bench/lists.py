"""Why the panes are not stock tables: each with 5,000 and 50,000 rows, in this process."""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import DataTable, OptionList
from textual.widgets.option_list import Option

from tui.fleet.state import Fleet
from tui.vps.models import Snapshot
from tui.widgets.glyphs import UNICODE
from tui.widgets.snapshot_table import SnapshotTable

NOW = datetime(2025, 1, 22, tzinfo=UTC)
Rows = list[Snapshot]


def snapshots(count: int) -> Rows:
    return [
        Snapshot(
            id=n,
            server_id=n // 5,
            server_name=f"web-{n // 5:05}",
            name=f"weekly-{n}",
            status="completed",
            size_mb=n,
            created_at=NOW - timedelta(minutes=n),
        )
        for n in range(count)
    ]


def words(row: Snapshot) -> tuple[str, str, str, str]:
    return row.name, row.status, str(row.size_mb), str(row.created_at)


class Ours:
    name = "ours (Line API)"

    def __init__(self) -> None:
        self.widget = SnapshotTable(UNICODE, lambda kind: None, id="list")

    def load(self, rows: Rows) -> None:
        self.widget.show(rows, Fleet(), NOW)

    def one(self, rows: Rows) -> None:
        rows[3] = Snapshot(
            **{f: getattr(rows[3], f) for f in Snapshot.__struct_fields__ if f != "name"},
            name="changed",
        )
        self.widget.show(rows, Fleet(), NOW)


class Stock:
    name = "DataTable"

    def __init__(self) -> None:
        self.widget: DataTable[str] = DataTable(cursor_type="row")

    def load(self, rows: Rows) -> None:
        self.widget.clear(columns=True)
        self.columns = self.widget.add_columns("Name", "Status", "Size", "Created")
        self.keys = self.widget.add_rows([words(row) for row in rows])

    def one(self, rows: Rows) -> None:
        self.widget.update_cell(self.keys[3], self.columns[0], "changed")


class Options:
    name = "OptionList"

    def __init__(self) -> None:
        self.widget = OptionList(markup=False)

    def load(self, rows: Rows) -> None:
        self.widget.clear_options()
        self.widget.add_options([Option("  ".join(words(row))) for row in rows])

    def one(self, rows: Rows) -> None:
        self.widget.replace_option_prompt_at_index(3, "changed")


class Fast:
    name = "textual-fastdatatable"

    def __init__(self) -> None:
        self.module = importlib.import_module("textual_fastdatatable")
        self.widget: Widget = self.module.DataTable()

    def load(self, rows: Rows) -> None:
        columns = ("name", "status", "size", "created")
        data = dict(zip(columns, map(list, zip(*map(words, rows), strict=True)), strict=True))
        self.widget.backend = self.module.ArrowBackend.from_pydict(data)  # type: ignore[attr-defined]

    def one(self, rows: Rows) -> None:
        self.widget.update_cell(3, 0, "changed")  # type: ignore[attr-defined]


class Stage(App[None]):
    """Shows one list. What is sent is counted as the terminal would get it."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.shown = widget

    def compose(self) -> ComposeResult:
        yield self.shown


async def timed(pilot: Pilot[None], work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    await pilot.pause()
    pilot.app.screen._on_timer_update()
    return (time.perf_counter() - begun) * 1000


async def measured(make: Callable[[], Any], count: int) -> tuple[float, float]:
    """Milliseconds to load, and to change one cell (the median of five)."""
    contender, rows = make(), snapshots(count)
    async with Stage(contender.widget).run_test(size=(120, 40)) as pilot:
        load = await timed(pilot, lambda: contender.load(rows))
        ones = [await timed(pilot, lambda: contender.one(rows)) for _ in range(5)]
    return load, statistics.median(ones)


async def compare(quick: bool) -> str:
    """The table; `quick` has the smaller lists alone: large ones take others half a minute."""
    lines = ["| Widget | Rows | Load, ms | One cell, ms |", "|---|---|---|---|"]
    for make in (Ours, Stock, Options, Fast):
        for count in (5_000,) if quick else (5_000, 50_000):
            try:
                load, one = await measured(make, count)
            except ModuleNotFoundError:
                lines.append(f"| {make.name} | {count:,} | not installed | |")
                continue
            lines.append(f"| {make.name} | {count:,} | {load:,.0f} | {one:,.1f} |")
    return "\n".join(lines)
