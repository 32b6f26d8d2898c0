"""JSON log lines of the embedded platform's own processes, and bounded files for every child's output."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024


class JsonLines(logging.Formatter):
    """One JSON object a line, with the field names that the functions' logs have."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in ("request_id", "duration_ms"):
            if hasattr(record, name):
                line[name] = getattr(record, name)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(level: str = "INFO") -> None:
    """Send the log of this process to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    if not log.exists():
        return "it wrote no log"
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it wrote no log"


def bound(folder: Path, max_bytes: int = MAX_BYTES) -> None:
    """Keep each `*.log` of `folder` below `max_bytes`, with one older part beside it.

    Children write to the file themselves (appending), so it is copied and cut rather than renamed: lines
    written in between are lost, which is better than a process that stalls because nobody reads its pipe.
    """
    for path in folder.glob("*.log"):
        if path.stat().st_size > max_bytes:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            with path.open("r+b") as file:
                file.truncate(0)
