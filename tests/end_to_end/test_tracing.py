"""One scan is one trace, from the request to the last event, whichever broker carries it."""

from __future__ import annotations

import asyncio
from time import monotonic
from uuid import uuid4

import pytest

from tests.end_to_end.client import User
from tests.end_to_end.collector import Collector, Received, collecting, tree
from tests.end_to_end.platform import running

MARKER = "비밀스러운-질문-7f3a"
FUNCTIONS = ("scan-vision", "scan-rule", "scan-answer", "scan-reward", "scan-record")
WITHIN_S = 30


async def spans_of(collector: Collector, trace: str) -> list[Received]:
    """The spans of a trace once all functions of a scan and its stream are among them, each with its parent.

    Processes send theirs one after the other.
    """
    deadline = monotonic() + WITHIN_S
    while monotonic() < deadline:
        spans = collector.of(trace)
        functions = {span.attributes.get("faas.name") for span in spans}
        streamed = any(span.name == "stream scan" for span in spans)
        if streamed and functions.issuperset(FUNCTIONS) and len(roots(spans)) == 1:
            return spans
        await asyncio.sleep(0.2)
    pytest.fail(f"trace {trace} is no whole tree:\n{tree(collector.of(trace))}")


def roots(spans: list[Received]) -> list[Received]:
    """The spans whose parent is not there."""
    ids = {span.id for span in spans}
    return [span for span in spans if span.parent not in ids]


def check_scan(spans: list[Received]) -> None:
    """Everything that a scan does is in its tree."""
    shown = tree(spans)
    names = [span.name for span in spans]
    for wanted in (
        "POST /api/v1/scan",
        "send eco2.scan.requested",
        "process eco2.scan.requested",
        "process eco2.scan.classified",
        "process eco2.scan.rules.matched",
        "process eco2.scan.answered",
        "process eco2.scan.completed",
        "chat simulated",
        "GET picture",
        "PIPELINE EVALSHA",
        "stream scan",
    ):
        assert wanted in names, f"{wanted} is missing in\n{shown}"
    systems = {span.attributes.get("db.system.name") for span in spans}
    assert {"postgresql", "redis"} <= systems, shown
    model = next(span for span in spans if span.name == "chat simulated")
    assert model.attributes["gen_ai.request.model"] == "simulated"
    assert int(model.attributes["gen_ai.usage.output_tokens"]) > 0
    stream = next(span for span in spans if span.name == "stream scan")
    assert (stream.attributes["eco2.stream.events"], stream.attributes["eco2.stream.end"]) == ("10", "done")


@pytest.mark.parametrize("broker", ["embedded", "rabbitmq"])
async def test_a_scan_is_one_tree_of_spans_without_what_was_asked(broker: str) -> None:
    async with collecting() as collector:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        with running(broker=broker, settings=settings) as platform:
            async with User.signed_in(platform.url, f"이웃 {uuid4()}") as user:
                image_url = await user.upload()
                accepted = await user.ask(
                    "POST", "/api/v1/scan", json={"image_url": image_url, "user_input": MARKER}
                )
                job_id = accepted.json()["job_id"]
                events = await user.stream(job_id)
                assert events[-1].name == "done"
                check_scan(await spans_of(collector, events[-1].data["trace_id"]))
    assert not any(MARKER.encode() in raw for raw in collector.raw)
