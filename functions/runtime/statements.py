"""Spans of SQL statements, by OpenTelemetry's conventions for databases: text and tables, never parameters."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from functools import lru_cache

from process import tracing

_TARGET = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM|FROM|JOIN)\s+([a-z_]+\.[a-z_]+)")
_VERBS = {"INSERT INTO": "INSERT", "DELETE FROM": "DELETE", "FROM": "SELECT", "JOIN": "SELECT"}
_LONGEST_SUMMARY = 255  # the conventions' limit


def executing(sql: str) -> AbstractContextManager[tracing.Span]:
    """The span of a statement, from waiting for a connection to the last row."""
    return tracing.call(summary(sql), lambda: _attributes(sql))


@lru_cache(maxsize=512)
def summary(sql: str) -> str:
    """What a statement does to which tables, such as `INSERT scan.jobs INSERT scan.outbox SELECT scan.jobs`."""
    targets = (f"{_VERBS.get(verb, verb)} {table}" for verb, table in _TARGET.findall(sql))
    return " ".join(dict.fromkeys(targets))[:_LONGEST_SUMMARY] or sql.split(maxsplit=1)[0]


def _attributes(sql: str) -> dict[str, str]:
    return {"db.system.name": "postgresql", "db.query.summary": summary(sql), "db.query.text": sql.strip()}
