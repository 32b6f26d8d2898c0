"""JSON log lines and the context they carry. User content and tokens are never logged."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from process import tracing

_CHATTY = (
    "httpx",
    "httpx2",
    "httpcore",
    "psycopg.pool",
    "google_genai",
    "openai",
    "asyncio",
    "aiormq",
    "urllib3",
)
_context: ContextVar[dict[str, str | None]] = ContextVar("log_context", default={})  # noqa: B039 - never changed


class JsonFormatter(logging.Formatter):
    """One JSON object a line with the fields the log pipeline indexes."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_context.get(),
            "trace_id": tracing.trace_id(),
            "duration_ms": getattr(record, "duration_ms", None),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({k: v for k, v in line.items() if v is not None}, ensure_ascii=False)


def configure(level: str) -> None:
    """Send every log record of this process to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    # It warns of every malformed `tracestate`, and quotes it.
    logging.getLogger("opentelemetry.trace").setLevel(logging.ERROR)


@contextmanager
def about(**values: str | None) -> Iterator[None]:
    """Add fields (task_id, user_id, request_id, function) to the log lines of the block."""
    token = _context.set({**_context.get(), **values})
    try:
        yield
    finally:
        _context.reset(token)
