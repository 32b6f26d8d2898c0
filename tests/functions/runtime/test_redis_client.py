"""What traces tell of Redis."""

from __future__ import annotations

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from redis.asyncio import Redis

from functions.runtime.redis_client import client_class
from process import tracing


def test_without_a_recorder_the_client_is_the_librarys() -> None:
    assert client_class() is Redis


async def test_round_trips_are_recorded_without_keys_and_values(
    valkey_url: str, recorded: InMemorySpanExporter
) -> None:
    client = client_class().from_url(valkey_url)
    await client.set("outside", "of any span")
    with tracing.span("request"):
        await client.set("key", "비밀")
        async with client.pipeline(transaction=False) as pipe:
            pipe.get("key")
            pipe.get("key")
            pipe.delete("key")
            assert await pipe.execute() == ["비밀".encode(), "비밀".encode(), 1]
    await client.aclose()
    command, pipeline, _ = recorded.get_finished_spans()
    assert (command.name, pipeline.name) == ("SET", "PIPELINE DEL GET")
    assert (pipeline.attributes or {})["db.operation.batch.size"] == 3
    for span in (command, pipeline):
        assert (span.attributes or {})["db.system.name"] == "redis"
        assert "key" not in str(dict(span.attributes or {}))
