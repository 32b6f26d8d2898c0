"""Two hundred scans at once: pods come and go, and every scan is whole."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator

import pytest

from tests.cluster import model, pods
from tests.cluster.conftest import Cluster
from tests.cluster.crowd import Crowd
from tests.cluster.records import Records

log = logging.getLogger(__name__)
JOBS = 200
USERS = 10
VISION_S = 5.0


@pytest.fixture(scope="module", autouse=True)
def slow_model(cluster: Cluster) -> Iterator[None]:
    with model.latency(cluster, VISION_S):
        yield


async def test_two_hundred_scans_at_once_are_all_answered(cluster: Cluster, records: Records) -> None:
    async with Crowd.gathered(cluster.url, USERS) as crowd:
        began = time.monotonic()
        scans = asyncio.ensure_future(crowd.scan(JOBS, model.NAME))
        most = await pods.most(cluster, "scan-vision", scans)
        told = await scans
    log.info("%d scans took %.0f s, with %d pods of vision", JOBS, time.monotonic() - began, most)
    assert [complaint for one in told if (complaint := one.complaint())] == []
    assert len({one.job_id for one in told}) == JOBS
    paid = model.calls(cluster)["markers"]
    assert records.complaints(crowd.jobs, paid) == []
    assert [stage for stage in records.attempts(crowd.jobs) if paid.get(stage, 0) > 1] == []
    assert await records.rewards(crowd.jobs) == []
    assert most > 1
    await pods.none(cluster, pods.SCAN)
    log.info("no pods %.0f s after the first scan", time.monotonic() - began)
