"""CPU of one request in this process, without a server: a bare Starlette response, our HTTP and event functions.

Each row is the median of several rounds, in microseconds. The functions do nothing but what every one does: read
the body, validate it, trace, log context, answer. No ledger, no database. With OTEL_EXPORTER_OTLP_ENDPOINT set their
spans are recorded and sent, which counts.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message

from bench import plots
from bench.report import table
from eventing.catalogue import EventData, to_event
from functions.runtime import event_function, http_function
from functions.runtime.application import Application
from functions.runtime.decorators import Declared
from functions.runtime.resources import Resources
from functions.runtime.work import Work
from process import tracing

ROUNDS = 7


class BenchAsked(EventData):
    """A question."""

    type: ClassVar[str] = "eco2.bench.call.asked"
    text: str


class BenchAnswered(EventData):
    """Its answer."""

    type: ClassVar[str] = "eco2.bench.call.answered"
    text: str


class Question(BaseModel):
    """The body of the HTTP function."""

    text: str


@event_function(on=BenchAsked, emits=BenchAnswered, ledger=None)
async def stage(event: BenchAsked) -> BenchAnswered:
    """Answer with an event."""
    return BenchAnswered(text=event.text)


@http_function("POST /api/v1/bench/{name}", public=True)
async def endpoint(body: Question, name: str) -> Question:
    """Answer with what was sent."""
    return Question(text=f"{name}: {body.text}")


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """What Starlette alone does: the request with its JSON, and a response with JSON."""
    asked = await Request(scope, receive).json()
    await JSONResponse(asked)(scope, receive, send)


class Repeated:
    """The same request again and again."""

    def __init__(self, app: ASGIApp, path: str, headers: dict[str, str], body: bytes, expected: int) -> None:
        self.app, self.body, self.expected = app, body, expected
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
        }
        self.status = 0

    async def receive(self) -> Message:
        """The whole body at once."""
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Keep the status."""
        if message["type"] == "http.response.start":
            self.status = message["status"]

    async def cost_us(self, times: int) -> float:
        """CPU of one call. Raises RuntimeError when it is not answered as it should be."""
        began = time.process_time()
        for _ in range(times):
            await self.app(dict(self.scope), self.receive, self.send)
        spent = time.process_time() - began
        if self.status != self.expected:
            raise RuntimeError(f"{self.scope['path']} was answered {self.status}, not {self.expected}")
        return spent / times * 1e6


def calls() -> dict[str, Repeated]:
    """What is measured."""
    common = {"host": "bench", "user-agent": "bench", "accept": "*/*", "x-request-id": "0123456789abcdef"}
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    json_body = b'{"text": "how do I throw this away?"}'
    json_headers = {
        **common,
        **trace,
        "content-type": "application/json",
        "content-length": str(len(json_body)),
    }
    event_headers, event_body = to_event(
        BenchAsked(text="how do I throw this away?"), source="/bench", subject="s1", id="1", userid="u1"
    ).to_binary()
    event_headers = {**common, **trace, **event_headers, "content-length": str(len(event_body))}
    resources, work = Resources({}), Work()

    def served(function: Declared) -> ASGIApp:
        return Application(function.declaration, resources, work).handle

    return {
        "bare Starlette, JSON in and out": Repeated(bare, "/", json_headers, json_body, 200),
        "HTTP function": Repeated(served(endpoint), "/api/v1/bench/x", json_headers, json_body, 200),
        "event function": Repeated(served(stage), "/", event_headers, event_body, 200),
    }


async def measure(times: int) -> dict[str, float]:
    """Microseconds by name, the rounds of all of them interleaved."""
    measured = calls()
    found: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(ROUNDS):
        for name, call in measured.items():
            found[name].append(await call.cost_us(times))
    return {name: statistics.median(costs) for name, costs in found.items()}


def draw(folder: Path, found: Mapping[str, float]) -> None:
    """Write call.svg: what each request costs."""
    bars = plots.columns("One request in this process", "µs of CPU", list(found), {"": list(found.values())})
    plots.save(folder / "call.svg", bars)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.call", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--times", type=int, default=2000, help="calls a round")
    plots.plots_option(parser)
    options = parser.parse_args()
    tracing.configure("bench")
    found = asyncio.run(measure(options.times))
    tracing.shut_down()
    print(table([(name, f"{cost_us:.1f}") for name, cost_us in found.items()], ("one request", "CPU µs")))
    if options.plots:
        draw(options.plots, found)


if __name__ == "__main__":
    main()
