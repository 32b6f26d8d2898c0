"""One scan is one trace, from the request to the last event, whichever broker carries it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.end_to_end.client import User
from tests.end_to_end.collector import collecting
from tests.end_to_end.platform import running
from tests.end_to_end.traces import check_scan, spans_of

MARKER = "비밀스러운-질문-zq7xw"
SHOWN = b"zq7xw"  # also where the rest is percent-encoded


@pytest.mark.parametrize("broker", ["embedded", "rabbitmq"])
async def test_a_scan_is_one_tree_of_spans_without_what_was_asked(broker: str) -> None:
    async with collecting() as collector:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        with running(broker=broker, settings=settings) as platform:
            async with User.signed_in(platform.url, f"{MARKER} {uuid4().hex[:8]}") as user:
                image_url = await user.upload()
                accepted = await user.ask(
                    "POST", "/api/v1/scan", json={"image_url": image_url, "user_input": MARKER}
                )
                job_id = accepted.json()["job_id"]
                events = await user.stream(job_id)
                assert events[-1].name == "done"
                spans = await spans_of(collector, events[-1].data["trace_id"])
                check_scan(spans, model="simulated")
    assert not any(SHOWN in raw for raw in collector.raw)
