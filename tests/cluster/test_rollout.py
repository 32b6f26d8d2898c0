"""New revisions: under load without a failed request, and first for those alone who ask for them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from cloudcoil.models.knative_serving.serving.v1 import Traffic

from bench import load
from bench.report import Outcome
from bench.users import Users, picture
from tests.cluster import pods, services
from tests.cluster.conftest import Cluster
from tests.cluster.crowd import insist
from tests.end_to_end.client import User

log = logging.getLogger(__name__)
ANNOTATION = "eco2/rollout"
USERS = 8
EVERY_S = 0.7
"""A scan starts so often: two cores serve more, but a rollout and other tests need some of them."""
SCAN_S = 120.0
WITHIN_S = 180.0
SUBMIT = "scan-submit"


@contextlib.asynccontextmanager
async def under_load(url: str) -> AsyncIterator[list[Outcome]]:
    """Scans start all the time, before, during and after the block; whole ones have no `failure`."""
    outcomes: list[Outcome] = []
    users = Users(url)
    clients = await users.signed_in(USERS)
    image_url = await users.upload(picture())
    outcomes.append(await load.scan(clients[0], image_url, SCAN_S))  # from here on pods are there
    running: set[asyncio.Task[None]] = set()

    async def one(number: int) -> None:
        outcomes.append(await load.scan(clients[number % USERS], image_url, SCAN_S))

    async def start() -> None:
        for number in itertools.count():
            running.add(asyncio.create_task(one(number)))
            await asyncio.sleep(EVERY_S)

    starting = asyncio.create_task(start())
    await asyncio.sleep(5)
    try:
        yield outcomes
        await asyncio.sleep(5)
    finally:
        starting.cancel()
        await asyncio.gather(*running)
        await users.close()


async def test_new_revisions_roll_out_under_load_without_a_failed_request(cluster: Cluster) -> None:
    functions = (SUBMIT, "scan-rule", "auth-authorize")
    old = {name: services.latest(cluster, name) for name in functions}
    try:
        async with under_load(cluster.url) as outcomes:
            began = time.monotonic()
            for name in functions:
                await asyncio.to_thread(services.annotate, cluster, name, ANNOTATION, str(uuid4()))
                await services.ready(cluster, name, old[name])
            changed_s = time.monotonic() - began
            for name in functions:
                await _gone(cluster, old[name])
            log.info("new after %.0f s, old pods gone after %.0f s", changed_s, time.monotonic() - began)
    finally:
        for name in functions:
            services.annotate(cluster, name, ANNOTATION, None)
        for name in functions:
            await services.settled(cluster, name)
    log.info("%d scans during the rollout", len(outcomes))
    assert [outcome.failure for outcome in outcomes if outcome.failure] == []
    assert all(services.latest(cluster, name) != old[name] for name in functions)


@pytest.fixture
async def canary(cluster: Cluster) -> AsyncIterator[None]:
    """A revision of submit that knows one model, `canary`, and gets none of the requests."""
    stable = services.latest(cluster, SUBMIT)
    pinned = Traffic(revision_name=stable, latest_revision=False, percent=100)
    services.split(cluster, SUBMIT, [pinned])
    try:
        services.set_variable(cluster, SUBMIT, "ECO2_MODELS", "canary")
        new = await services.ready(cluster, SUBMIT, stable)
        tagged = Traffic(revision_name=new, latest_revision=False, percent=0, tag="canary")
        services.split(cluster, SUBMIT, [pinned, tagged])
        await services.settled(cluster, SUBMIT)
        yield
    finally:
        services.set_variable(cluster, SUBMIT, "ECO2_MODELS", None)
        services.split(cluster, SUBMIT, None)
        await services.settled(cluster, SUBMIT)


@pytest.mark.usefixtures("canary")
async def test_a_canary_serves_those_alone_who_ask_for_it(cluster: Cluster) -> None:
    async with User.anonymous(cluster.url) as user:
        await insist(lambda: user.sign_in(f"이웃 {uuid4()}"))

        async def models(**headers: str) -> list[str]:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            body = {"image_url": "https://images.example.com/a.jpg", "model": "none"}
            answer = await user.ask("POST", "/api/v1/scan", json=body, headers=named)
            assert answer.status == 400, answer
            supported: list[str] = answer.json()["supported_models"]
            return supported

        deadline = time.monotonic() + WITHIN_S
        while await models(x_canary="true") != ["canary"]:  # the ingress is told a moment later
            assert time.monotonic() < deadline, "no canary answers"
            await asyncio.sleep(0.5)
        for _ in range(10):
            assert await models(x_canary="true") == ["canary"]
            for headers in ({}, {"x_canary": "false"}, {"knative_serving_tag": "canary"}):
                assert "canary" not in await models(**headers)


async def _gone(cluster: Cluster, revision: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while left := await asyncio.to_thread(pods.existing, cluster, f"serving.knative.dev/revision={revision}"):
        assert time.monotonic() < deadline, f"{left} are still there"
        await asyncio.sleep(1)
