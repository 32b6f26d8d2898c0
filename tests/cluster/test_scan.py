"""One scan on a cluster where nothing runs that nobody asked for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

import cli
from tests.cluster import pods
from tests.cluster.conftest import Cluster
from tests.cluster.crowd import insist
from tests.end_to_end.client import User
from tests.scan_line import STEPS, WHOLE

log = logging.getLogger(__name__)
PHOTO = Path(cli.__file__).parent / "samples" / "glass-bottle.jpg"


@pytest.fixture
async def user(cluster: Cluster) -> AsyncIterator[User]:
    """Somebody new."""
    async with User.anonymous(cluster.url) as signed_in:
        await insist(lambda: signed_in.sign_in(f"이웃 {uuid4()}"))
        yield signed_in


async def test_a_scan_is_answered_with_every_function_at_zero(cluster: Cluster, user: User) -> None:
    image_url = await insist(lambda: user.upload(PHOTO.read_bytes()))
    await pods.none(cluster, pods.SCAN)
    began = time.monotonic()
    job_id = await user.submit(image_url)
    events = await user.follow(job_id, within_s=120)
    log.info("a scan from zero pods took %.1f s", time.monotonic() - began)

    assert [event.step for event in events] == STEPS
    assert [event.data["seq"] for event in events] == WHOLE
    assert {event.data["job_id"] for event in events} == {job_id}
    assert len({event.data["trace_id"] for event in events}) == 1
    result = (await user.result(job_id)).json()
    assert events[-1].data["result"] == result
    assert (result["task_id"], result["status"]) == (job_id, "completed")
    found = result["pipeline_result"]["classification_result"]
    assert found["classification"]["middle_category"] == "유리병"
    assert found["meta"]["provider"] == "local"
    assert (result["reward"]["name"], result["reward"]["received"]) == ("글래시", True)

    second = (await user.follow(await user.submit(image_url), within_s=120))[-1].data["result"]
    assert (second["reward"]["received"], second["reward"]["already_owned"]) == (False, True)
    assert await _collected(user, "글래시") == ["글래시", "이코"]


async def test_a_stream_goes_on_where_it_broke(user: User) -> None:
    job_id = await insist(lambda: _submitted(user))
    seen = []
    async for event in user.events(job_id):  # with cold functions the scan is far from over
        seen.append(event)
        if len(seen) == 2:
            break
    seen += await insist(lambda: user.stream(job_id, after=seen[-1].id))
    assert [event.data["seq"] for event in seen] == WHOLE
    for at, event in enumerate(seen, 1):
        assert await user.stream(job_id, after=event.id) == seen[at:]


async def test_nobody_else_learns_of_a_scan(cluster: Cluster, user: User) -> None:
    job_id = await insist(lambda: _submitted(user))
    paths = (f"/api/v1/scan/{job_id}/result", f"/api/v1/scan/{job_id}/events")
    async with User.anonymous(cluster.url) as nobody:
        forged = {"x-user-id": str(uuid4()), "x-auth-provider": "local"}
        for path in paths:
            for headers in ({}, forged, {"authorization": "Bearer nonsense"}):
                answer = await nobody.ask("GET", path, headers=headers)
                assert answer.status == 401
                assert answer.headers["content-type"] == "application/problem+json"
        assert (await nobody.ask("POST", "/api/v1/scan", json={"image_url": "x"})).status == 401
        await nobody.sign_in(f"다른 {uuid4()}")
        for path in paths:
            assert (await nobody.ask("GET", path)).status == 404
        assert (await nobody.ask("DELETE", f"/api/v1/scan/{job_id}")).status == 404
    assert (await user.follow(job_id, within_s=120))[-1].step == ("done", "completed")


async def _submitted(user: User) -> str:
    return await user.submit(await user.upload(PHOTO.read_bytes()))


async def _collected(user: User, name: str) -> list[str]:
    """Names of the user's characters, once `name` is among them; an event brings it there."""
    deadline = time.monotonic() + 90
    while True:
        owned = (await user.ask("GET", "/api/v1/users/me/characters")).json()
        names = sorted(character["name"] for character in owned)
        if name in names or time.monotonic() > deadline:
            return names
        await asyncio.sleep(1)
