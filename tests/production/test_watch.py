"""Every query of every dashboard has data, and provoked alerts arrive: over the real platform's own figures."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from boards.__main__ import DASHBOARDS, files
from boards.panel import Panel, answerable

from embedded.servers.process import free_port
from embedded.servers.rabbitmq import RabbitMQ
from embedded.supervisor import edge
from eventing.cloudevent import CloudEvent
from tests.end_to_end.client import User
from tests.end_to_end.platform import Platform, running
from tests.platform.envoy import envoy
from tests.production.watching import Prometheus, Slack, alertmanager, prometheus, slack

WITHIN_S = 60.0
QUEUES = {"family": ["queue_coarse_metrics", "queue_consumer_count"]}
PANELS = [
    pytest.param(panel, id=f"{board.name}: {panel.title}") for board in DASHBOARDS for panel in board.panels
]


@dataclass(frozen=True, slots=True)
class Watched:
    """A platform that has scanned, and what watched it."""

    platform: Platform
    prometheus: Prometheus
    slack: Slack


@pytest.fixture(scope="module")
def rabbit() -> Iterator[RabbitMQ]:
    """A RabbitMQ that tells figures, as the operator's do."""
    with TemporaryDirectory(prefix="eco2-watch-", ignore_cleanup_errors=True) as folder:
        server = RabbitMQ(Path(folder) / "rabbitmq", metrics_port=free_port())
        server.start()
        yield server
        server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(rabbit: RabbitMQ, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """Two rounds of use with Prometheus asking all the time, so that counters have grown while it looked."""
    folder = tmp_path_factory.mktemp("watch")
    settings = {"ECO2_AMQP_URL": rabbit.url, "ECO2_MODEL_FALLBACK": ""}
    with running(broker="rabbitmq", processes=1, settings=settings) as platform, slack() as webhook:
        functions = urlsplit(platform.state["functions"])
        table = edge.table(platform.home.folder / "routes.json", edge.limits({}))
        async with envoy(table, functions.port or 80, folder) as door:
            scrapes = [
                _scrape("functions", f"127.0.0.1:{functions.port}", pod="stream-router-00001-x"),
                _scrape("edge", urlsplit(door.operations).netloc),
                _scrape("rabbitmq", f"127.0.0.1:{rabbit.metrics_port}"),
                _scrape("rabbitmq-queues", f"127.0.0.1:{rabbit.metrics_port}", "/metrics/detailed", QUEUES),
            ]
            with (
                alertmanager(folder, webhook) as port,
                prometheus(folder, scrapes, port) as watching,
            ):
                for number in range(2):
                    await _use(platform, door.url, number)
                    await asyncio.sleep(5)  # a few questions of Prometheus
                yield Watched(platform, watching, webhook)


def test_generated_files_are_up_to_date() -> None:
    stale = [path.name for path, text in files().items() if not path.exists() or path.read_text() != text]
    assert not stale, "run `make manifests`"


def test_there_is_a_dashboard_for_each_part() -> None:
    assert {board.name for board in DASHBOARDS} == {"scan", "broker", "streams", "models", "cluster"}
    beyond = [panel.title for board in DASHBOARDS for panel in board.panels if panel.cluster]
    assert beyond == ["Nodes that are ready", "Pods that wait for a node"]


def test_prometheus_gets_figures_from_everybody(watched: Watched) -> None:
    assert watched.prometheus.targets() == {
        "functions": "up",
        "edge": "up",
        "rabbitmq": "up",
        "rabbitmq-queues": "up",
    }


@pytest.mark.parametrize("panel", PANELS)
def test_every_query_of_every_dashboard_has_data(watched: Watched, panel: Panel) -> None:
    for expression in panel.queries.values():
        asked = answerable(expression, "5m")
        if panel.cluster:
            watched.prometheus.query(
                asked
            )  # figures of kube-state-metrics: only that Prometheus understands it
            continue
        deadline = time.monotonic() + WITHIN_S  # Envoy adds its histograms up every five seconds
        while not (found := [float(each["value"][1]) for each in watched.prometheus.query(asked)]) or all(
            math.isnan(value) for value in found
        ):
            assert time.monotonic() < deadline, f"no data: {expression}"
            time.sleep(0.5)


async def test_figures_say_what_has_happened(watched: Watched) -> None:
    def figure(expression: str) -> float:
        return sum(float(each["value"][1]) for each in watched.prometheus.query(expression))

    async def told() -> bool:
        """At least: a repeated delivery may be counted twice."""
        return (
            figure('eco2_jobs_ended_total{domain="scan",outcome="done"}') >= 2
            and figure('eco2_jobs_ended_total{domain="scan",outcome="cancelled"}') >= 2
            and figure('eco2_dead_letters{state="held"}') >= 1
        )

    await watched.platform.until("the figures tell of both rounds", told, within_s=WITHIN_S)
    assert figure('eco2_jobs_ended_total{domain="scan",outcome="failed"}') == 0
    assert figure("eco2_ready_time_seconds - process_start_time_seconds") > 0


async def test_what_is_provoked_arrives_at_slack_with_its_page(watched: Watched) -> None:
    for alert in ("DeadLettersHeld", "ModelFailing", "EventsRefused", "RabbitMQBelowThree"):

        async def told(alert: str = alert) -> bool:
            return bool(watched.slack.told_of(alert))

        await watched.platform.until(f"{alert} is told", told, within_s=WITHIN_S)
        attachment = watched.slack.told_of(alert)[0]["attachments"][0]
        assert f"docs/runbooks/{alert}.md" in attachment["text"]
    assert watched.slack.told_of("Watchdog") == []
    assert {message["channel"] for message in watched.slack.told_of("ModelFailing")} == {"#eco2-pages"}


async def _use(platform: Platform, door: str, number: int) -> None:
    """A scan whose model fails once, one that is cancelled, an event that fails for good, both clocks."""
    async with User.signed_in(platform.url, f"이웃 {uuid4()}") as user, aiohttp.ClientSession() as http:
        picture = await user.upload()
        await platform.script("error", "error")
        job_id = await user.submit(picture)
        events = await user.follow(job_id, within_s=WITHIN_S)
        assert events[-1].name == "done", platform.tail()
        await platform.script("hang")
        cancelled = await user.submit(picture)
        assert (await user.ask("DELETE", f"/api/v1/scan/{cancelled}")).status == 204
        for path in ("/api/v1/scan/categories", f"/api/v1/scan/{job_id}/result"):
            async with http.get(f"{door}{path}") as response:
                await response.read()
        headers = {"host": "scan-rule", "ce-id": "1", "content-type": "application/json"}
        async with http.post(platform.state["functions"], headers=headers, data=b"{}") as response:
            assert response.status == 400
        wrong = CloudEvent(
            id=f"wrong-{number}",
            source="/test",
            type="eco2.scan.classified",
            subject="x",
            datacontenttype="application/json",
            data=b'{"job_id": 1}',
        )
        assert await platform.emit(wrong, http)

        async def held() -> bool:
            return bool(platform.rows("SELECT 1 FROM ops.quarantine WHERE event_id = %s", wrong.id))

        await platform.until("the wrong event is in quarantine", held, within_s=WITHIN_S)
        for clock in ("sweep", "redrive"):
            tick = CloudEvent(
                id=f"{clock}-{number}",
                source="/test",
                type=f"eco2.ops.{clock}.requested",
                datacontenttype="application/json",
                data=b"{}",
            )
            assert await platform.emit(tick, http)


def _scrape(
    job: str,
    address: str,
    path: str = "/metrics",
    parameters: dict[str, list[str]] | None = None,
    **labels: str,
) -> dict[str, Any]:
    return {
        "job_name": job,
        "metrics_path": path,
        "params": parameters or {},
        "static_configs": [{"targets": [address], "labels": labels}],
    }
