"""An OTLP receiver in the test's own process: what an OpenTelemetry collector would be sent."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from embedded.servers.process import free_port


@dataclass(frozen=True, slots=True)
class Received:
    """One span: ids in hexadecimal digits, `parent` empty for a root, attributes as text."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]


@dataclass
class Collector:
    """What has arrived so far."""

    url: str = ""
    spans: list[Received] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def of(self, trace: str) -> list[Received]:
        """The spans of one trace."""
        return [span for span in self.spans if span.trace == trace]

    async def export(self, request: web.Request) -> web.Response:
        """POST /v1/traces, protobuf."""
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    Received(
                        named.get("service.name", ""),
                        span.name,
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        {
                            each.key: each.value.string_value or str(each.value.int_value)
                            for each in span.attributes
                        },
                    )
                    for span in scope.spans
                ]
        return web.Response()


@asynccontextmanager
async def collecting(address: str = "127.0.0.1") -> AsyncIterator[Collector]:
    """A receiver at `url` until the block ends."""
    collector = Collector()
    application = web.Application(client_max_size=16 * 1024 * 1024)
    application.router.add_post("/v1/traces", collector.export)
    runner = web.AppRunner(application)
    await runner.setup()
    port = free_port(address)
    await web.TCPSite(runner, address, port).start()
    collector.url = f"http://{address}:{port}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def tree(spans: list[Received]) -> str:
    """The spans as an indented text, children below their parents; for messages of failures."""
    ids = {span.id for span in spans}

    def below(parent: str, depth: int) -> list[str]:
        lines = []
        for span in spans:
            if span.parent == parent or (depth == 0 and span.parent not in ids and parent == ""):
                lines.append(f"{'  ' * depth}{span.service}: {span.name}")
                lines += below(span.id, depth + 1)
        return lines

    return "\n".join(below("", 0))
