"""What traces tell of SQL statements."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from functions.runtime import Retry
from functions.runtime.database import Database
from functions.runtime.statements import summary
from process import tracing


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM scan.jobs WHERE id = %s", "SELECT scan.jobs"),
        ("WITH x AS (INSERT INTO ops.inbox VALUES (1)) SELECT 1", "INSERT ops.inbox"),
        ("INSERT INTO a.b VALUES (1) ON CONFLICT DO UPDATE SET c = 1", "INSERT a.b"),
        ("UPDATE a.b SET c = 1 FROM a.d JOIN a.d ON true", "UPDATE a.b SELECT a.d"),
        ("DELETE FROM a.b", "DELETE a.b"),
        ("SELECT 1", "SELECT"),
    ],
)
def test_a_statement_is_told_by_operations_and_tables(sql: str, expected: str) -> None:
    assert summary(sql) == expected


async def test_a_statement_is_recorded_without_its_parameters(
    postgres_url: str, recorded: InMemorySpanExporter
) -> None:
    database = Database(postgres_url, 1)
    with tracing.span("request"):
        assert await database.one("SELECT count(*) FROM scan.jobs WHERE user_id = %s", ("비밀",)) == (0,)
    await database.close()
    statement, _ = recorded.get_finished_spans()
    assert statement.name == "SELECT scan.jobs"
    assert statement.kind is tracing.SpanKind.CLIENT
    attributes = dict(statement.attributes or {})
    assert attributes["db.system.name"] == "postgresql"
    assert attributes["db.query.text"] == "SELECT count(*) FROM scan.jobs WHERE user_id = %s"
    assert "eco2.db.wait_ms" in attributes
    assert "비밀" not in str(attributes)


async def test_a_server_that_is_gone_is_told_by_the_kind_of_error(recorded: InMemorySpanExporter) -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing", 1)
    with tracing.span("request"), pytest.raises(Retry):
        await database.run("SELECT 1")
    await database.close()
    statement, *_ = recorded.get_finished_spans()
    assert (statement.attributes or {})["error.type"] in {"PoolTimeout", "OperationalError"}
