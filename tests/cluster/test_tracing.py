"""One scan on the cluster is one trace, across Knative's broker and pods that come from zero."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from localcluster import network

from tests.cluster.conftest import Cluster
from tests.cluster.crowd import insist
from tests.cluster.test_scan import PHOTO
from tests.end_to_end.client import User
from tests.end_to_end.collector import Collector, collecting
from tests.end_to_end.traces import check_scan, spans_of

MARKER = "비밀스러운-질문-zq7xw"
SHOWN = b"zq7xw"  # also where the rest is percent-encoded


@pytest.fixture
async def collector(cluster: Cluster) -> AsyncIterator[Collector]:
    """A receiver that pods reach; all functions are told of it by their settings."""
    async with collecting(network.NODE) as running:
        try:
            _send_spans_to(cluster, running.url)
            yield running
        finally:
            _send_spans_to(cluster, "")


async def test_a_scan_is_one_tree_of_spans_without_what_was_asked(
    cluster: Cluster, collector: Collector
) -> None:
    async with User.anonymous(cluster.url) as user:
        await insist(lambda: user.sign_in(f"{MARKER} {uuid4().hex[:8]}"))
        image_url = await insist(lambda: user.upload(PHOTO.read_bytes()))
        job_id = await insist(lambda: user.submit(image_url, user_input=MARKER))
        events = await user.follow(job_id, within_s=120)
    assert events[-1].name == "done"
    spans = await spans_of(collector, events[-1].data["trace_id"], edge=False)
    check_scan(spans, model="local")
    assert not any(SHOWN in raw for raw in collector.raw)


def _send_spans_to(cluster: Cluster, url: str) -> None:
    """Change the setting and let every function start anew: a pod reads its environment once."""
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "200" if url else None}
    cluster.kubectl(
        "patch", "configmap", "eco2-settings", "--type=merge", "-p", json.dumps({"data": settings})
    )
    cluster.kubectl("delete", "pods", "-l", "serving.knative.dev/service", "--timeout=180s", timeout_s=190)
