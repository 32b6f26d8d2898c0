"""Importing a public file of places: what it holds, what can't be taken and why."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from functions.locations.layouts import LAYOUTS, FileLayout, NewSite, Row, RowRejected

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_FIELD: Final = 64 * 1024
ENCODINGS: Final = ("utf-8-sig", "cp949")
"""Public offices write one or the other."""


class FileRejected(ValueError):
    """The file is none that can be imported; the message says why."""


@dataclass(frozen=True, slots=True)
class RowFinding:
    """What is wrong with the row that begins on a line of the file."""

    line: int
    why: str


@dataclass(slots=True)
class PlaceFile:
    """A file of places as read: its sites, the rows that were rejected, and what was left out of others."""

    layout: str
    rows: int = 0
    sites: list[NewSite] = field(default_factory=list)
    rejected: list[RowFinding] = field(default_factory=list)
    notes: list[RowFinding] = field(default_factory=list)

    @property
    def kinds(self) -> dict[str, int]:
        """How many sites there are of each kind of shop, the most frequent first."""
        return dict(Counter(site.store_category for site in self.sites).most_common())


def read(path: Path) -> PlaceFile:
    """Read a file of any known layout. Raises FileRejected; single rows are only reported."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileRejected(f"it is larger than {MAX_BYTES // 1024 // 1024} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise FileRejected(f"it can't be read: {error.strerror}") from None
    text = _decoded(data)
    rows = _json_rows(text) if text.lstrip()[:1] in {"{", "["} else _csv_rows(text)
    found: PlaceFile | None = None
    layout: FileLayout | None = None
    lines: dict[str, int] = {}
    for line, row in rows:
        if layout is None or found is None:
            layout = _layout(row)
            found = PlaceFile(layout.name)
        found.rows += 1
        try:
            site, notes = layout.read(row)
            if site.source_key in lines:
                raise RowRejected(f"its number {site.source_key} is that of line {lines[site.source_key]}")
        except RowRejected as error:
            found.rejected.append(RowFinding(line, str(error)))
            continue
        lines[site.source_key] = line
        found.sites.append(site)
        found.notes += [RowFinding(line, note) for note in notes]
    if found is None:
        raise FileRejected("it has no rows")
    return found


def _decoded(data: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRejected("it is written neither in UTF-8 nor in CP949")


def _csv_rows(text: str) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(MAX_FIELD)
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
    line = 1
    try:
        reader.fieldnames  # noqa: B018 - reads the header, so that lines are counted from behind it
        while True:  # until the file is over
            line = reader.line_num + 1
            if (row := next(reader, None)) is None:
                return
            yield line, {name: value for name, value in row.items() if isinstance(value, str) and name}
    except csv.Error as error:
        raise FileRejected(f"line {line}: {error}") from None


def _json_rows(text: str) -> Iterator[tuple[int, Row]]:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise FileRejected("it begins like JSON, but is none") from None
    rows = document.get("body") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FileRejected("its JSON is neither a list of rows nor an object with such a list as `body`")
    for number, row in enumerate(rows, 1):
        yield number, {name: "" if value is None else str(value) for name, value in row.items()}


def _layout(row: Row) -> FileLayout:
    for layout in LAYOUTS:
        if layout.columns <= row.keys():
            return layout
    known = "; ".join(f"{layout.name}: {', '.join(sorted(layout.columns))}" for layout in LAYOUTS)
    raise FileRejected(f"its columns are those of no known layout ({known})")
