"""Two hundred scans at once, and something they need is killed while they are being worked on.

Every scan is whole all the same, for its client and in the database. What a model may be paid for again is the
work of a process that died with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from localcluster.paths import STATE

from tests.cluster import model, pods
from tests.cluster.conftest import Cluster
from tests.cluster.crowd import Crowd
from tests.cluster.records import Records

log = logging.getLogger(__name__)
JOBS = 200
USERS = 10
VISION_S = 8.0
IN_HAND = 50
"""Pictures being looked at when it happens."""
DISPATCHER = "scan-vision-function-trigger-0-dispatcher-"
"""Its pods; dispatchers have no labels of their own."""


@pytest.fixture(scope="module", autouse=True)
def slow_model(cluster: Cluster) -> Iterator[None]:
    with model.latency(cluster, VISION_S):
        yield


def lose_a_function_pod(cluster: Cluster) -> None:
    pods.delete(cluster, pods.of(cluster, "scan-vision")[0])


def kill_a_function(cluster: Cluster) -> None:
    pods.kill(pods.of(cluster, "scan-vision")[0], "functions.runtime")


def lose_a_dispatcher_pod(cluster: Cluster) -> None:
    pods.delete(cluster, _dispatcher(cluster))


def kill_a_dispatcher(cluster: Cluster) -> None:
    pods.kill(_dispatcher(cluster), "dispatcher")


def kill_rabbitmq(cluster: Cluster) -> None:
    """The server itself, which is not on the cluster; its keeper starts it again."""
    home = str(STATE / "backing" / "rabbitmq")
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # a process that has just ended
            line = path.read_bytes().decode(errors="replace")
            if "beam.smp" in line and home in line:
                os.kill(int(path.parent.name), signal.SIGKILL)
                return
    raise AssertionError(f"no RabbitMQ runs in {home}")


def lose_the_activator(cluster: Cluster) -> None:
    namespace = "knative-serving"
    pods.delete(cluster, pods.running(cluster, "app=activator", namespace)[0], namespace)


@pytest.mark.parametrize(
    ("fault", "takes_work_along"),
    [
        (lose_a_function_pod, True),
        (kill_a_function, True),
        (lose_a_dispatcher_pod, False),
        (kill_a_dispatcher, False),
        (kill_rabbitmq, False),
        (lose_the_activator, False),
    ],
)
async def test_every_scan_is_answered_once_whatever_is_killed(
    cluster: Cluster, records: Records, fault: Callable[[Cluster], None], *, takes_work_along: bool
) -> None:
    async with Crowd.gathered(cluster.url, USERS) as crowd:
        began = time.monotonic()
        scans = asyncio.ensure_future(crowd.scan(JOBS, model.NAME))
        await records.in_hand(crowd.jobs, "vision", IN_HAND)
        after_s = time.monotonic() - began
        await asyncio.to_thread(fault, cluster)
        told = await scans
    attempts, paid = records.attempts(crowd.jobs), model.calls(cluster)["markers"]
    again = [stage for stage, count in attempts.items() if count > 1]
    twice = [stage for stage in attempts if paid.get(stage, 0) > 1]
    log.info(
        "%s after %.0f s: %d scans took %.0f s; stages begun again %d, paid again %d; events quarantined %s",
        fault.__name__,
        after_s,
        JOBS,
        time.monotonic() - began,
        len(again),
        len(twice),
        dict(records.quarantined(crowd.jobs)),
    )
    assert [complaint for one in told if (complaint := one.complaint())] == []
    assert len({one.job_id for one in told}) == JOBS
    assert records.complaints(crowd.jobs, paid) == []
    if takes_work_along:
        assert again  # or nothing was in hand
    else:
        assert twice == []
    assert await records.rewards(crowd.jobs) == []


def _dispatcher(cluster: Cluster) -> str:
    found = pods.running(cluster, "eventing.knative.dev/brokerRole=dispatcher")
    return next(name for name in found if name.startswith(DISPATCHER))
