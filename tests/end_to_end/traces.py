"""What the trace of a scan must hold, on any platform."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from tests import scan_line
from tests.end_to_end.collector import Collector, Received, tree

FUNCTIONS = ("scan-submit", *scan_line.FUNCTIONS)
WITHIN_S = 30


async def spans_of(collector: Collector, trace: str) -> list[Received]:
    """The spans of a trace once all functions of a scan and its stream are among them, each with its parent.

    The edge's is the root. Processes send theirs one after the other.
    """
    deadline = monotonic() + WITHIN_S
    while monotonic() < deadline:
        spans = collector.of(trace)
        functions = {span.attributes.get("faas.name") for span in spans}
        streamed = any(span.name == "stream scan" for span in spans)
        ids = {span.id for span in spans}
        beyond = {span.parent for span in spans if span.parent not in ids}
        if streamed and beyond == {""} and functions.issuperset(FUNCTIONS):
            return spans
        await asyncio.sleep(0.2)
    pytest.fail(f"trace {trace} is no whole tree:\n{tree(collector.of(trace))}")


def check_scan(spans: list[Received], *, model: str) -> None:
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
        f"chat {model}",
        "GET picture",
        "PIPELINE EVALSHA",
        "stream scan",
    ):
        assert wanted in names, f"{wanted} is missing in\n{shown}"
    systems = {span.attributes.get("db.system.name") for span in spans}
    assert {"postgresql", "redis"} <= systems, shown
    asked = next(span for span in spans if span.name == f"chat {model}")
    assert asked.attributes["gen_ai.request.model"] == model
    assert model == "local" or int(asked.attributes["gen_ai.usage.output_tokens"]) > 0
    stream = next(span for span in spans if span.name == "stream scan")
    assert (stream.attributes["eco2.stream.events"], stream.attributes["eco2.stream.end"]) == ("11", "done")
