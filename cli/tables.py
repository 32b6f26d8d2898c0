"""Tables, which fit a terminal and are as wide as they need to be in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from cli.words import say

NARROW = 100
"""Columns of a terminal below which a row is written over several lines."""


def show(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print a table whose first column is never cut; `empty` when there are no rows. None is an empty cell."""
    first, *others = [say(name) for name in columns]
    table = Table(Column(first, no_wrap=True), *(Column(name, overflow="fold") for name in others))
    found = list(rows)
    for row in found:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else 200)
    if table.row_count and console.width < NARROW:
        for row in found:
            _block(console, (first, *others), row)
    else:
        console.print(table if table.row_count else empty)


def _block(console: Console, columns: Sequence[str], row: Sequence[object]) -> None:
    """One row over several lines, for a terminal that a table does not fit into."""
    console.print(Text(str(row[0]), style="bold"))
    for name, cell in zip(columns[1:], row[1:], strict=True):
        if cell is not None and cell != "":
            console.print(Text(f"  {name}: {cell}"))
