"""One scan on the cluster is one trace, across Knative's broker and pods that come from zero."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from localcluster import kubectl, network
from manifests.edge import development_limits

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
    """A receiver that pods reach; all functions and the edge are told of it."""
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
    spans = await spans_of(collector, events[-1].data["trace_id"])
    check_scan(spans, model="local")
    assert not any(SHOWN in raw for raw in collector.raw)


def _send_spans_to(cluster: Cluster, url: str) -> None:
    """Change settings and the edge's file, and let all start anew: a pod reads them once. Empty: nowhere."""
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "200" if url else None}
    cluster.kubectl(
        "patch", "configmap", "eco2-settings", "--type=merge", "-p", json.dumps({"data": settings})
    )
    kubectl.apply(development_limits(f"{url}/v1/traces" if url else ""))
    cluster.kubectl("rollout", "restart", "deployment/edge")
    cluster.kubectl("delete", "pods", "-l", "serving.knative.dev/service", "--timeout=180s", timeout_s=190)
    cluster.kubectl("rollout", "status", "deployment/edge", "--timeout=180s", timeout_s=190)
