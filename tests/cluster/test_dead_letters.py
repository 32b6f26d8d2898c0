"""A stage that fails for real: retried as its Trigger says, quarantined, and completed by a replay and by the clock."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import psycopg
import pytest
from localcluster.waiting import wait_for

from bench.launch import eco2
from functions.runtime.registry import QUARANTINE
from schemas.generate import ROOT
from tests.cluster.conftest import Cluster
from tests.end_to_end.client import User

SETUP = re.search(r"^```sh cluster\n(.*?)^```", (ROOT / "docs/dead-letters.md").read_text(), re.M | re.S)
WITHIN_S = 240.0
STAGE = "scan-vision"
BROKEN = {"ECO2_SIMULATED_URL": "http://127.0.0.1:9/v1", "ECO2_MODEL_FALLBACK": ""}
"""A provider that is not there, and none to fall back on."""
WATCHING = "console-observe-everything"
"""The Trigger by which events are watched: what is only looked at may be lost."""
ENVIRONMENT = "/spec/template/spec/containers/0/env"


def test_every_trigger_sends_what_fails_to_quarantine(cluster: Cluster) -> None:
    items = cluster.get("triggers")["items"]
    found = [trigger for trigger in items if trigger["metadata"]["name"] != WATCHING]
    assert len(found) > 10
    for trigger in found:
        sink = trigger["spec"]["delivery"]["deadLetterSink"]["ref"]
        assert (sink["kind"], sink["name"]) == ("Service", QUARANTINE)
        assert trigger["status"]["deadLetterSinkUri"].startswith(f"http://{QUARANTINE}.eco2.")


@pytest.fixture
def database(cluster: Cluster) -> str:
    """Of the platform, as its functions reach it."""
    return base64.b64decode(cluster.get("secret", "eco2-secrets")["data"]["ECO2_DATABASE_URL"]).decode()


@pytest.fixture
def provider(cluster: Cluster) -> Iterator[Callable[[], None]]:
    """From now on the stage has no model to ask; call it to mend that."""
    before = cluster.get("ksvc", STAGE)["spec"]["template"]["spec"]["containers"][0].get("env", [])

    def patch(environment: list[dict[str, str]]) -> None:
        change = [{"op": "add", "path": ENVIRONMENT, "value": environment}]
        cluster.kubectl("patch", "ksvc", STAGE, "--type=json", "-p", json.dumps(change))
        wait_for("a new revision", lambda: _rolled_out(cluster.get("ksvc", STAGE)), WITHIN_S, every_s=0.5)

    try:
        patch([*before, *({"name": name, "value": value} for name, value in BROKEN.items())])
        yield lambda: patch(before)
    finally:
        patch(before)


@pytest.fixture
def soon(cluster: Cluster) -> Iterator[Callable[[], None]]:
    """Let the clock of the redrive tick every five seconds."""
    schedule = cluster.get("pingsource", "redrive")["spec"]["schedule"]

    def patch(schedule: str) -> None:
        change = json.dumps({"spec": {"schedule": schedule}})
        cluster.kubectl("patch", "pingsource", "redrive", "--type=merge", "-p", change)

    try:
        yield lambda: patch("*/5 * * * * *")
    finally:
        patch(schedule)


async def test_a_failing_stage_is_retried_quarantined_and_completed_by_replay_and_by_the_clock(
    cluster: Cluster, database: str, provider: Callable[[], None], soon: Callable[[], None]
) -> None:
    retry = cluster.get("trigger", f"{STAGE}-function-trigger-0")["spec"]["delivery"]["retry"]
    async with User.signed_in(cluster.url, "dead-letters") as user:
        picture = await user.upload()
        jobs = [await user.submit(picture, model="simulated") for _ in range(2)]
        for job in jobs:
            await _until("the job fails", lambda job=job: _status(user, job, "failed"))  # type: ignore[misc]
            attempts = "SELECT attempt FROM scan.stage_results WHERE job_id = %s AND stage = 'vision'"
            assert _rows(database, attempts, job) == [(retry + 1,)]
        by_hand, by_clock = (
            _rows(database, "SELECT id FROM ops.quarantine WHERE subject = %s", job)[0][0] for job in jobs
        )

        listed = dead_letters("list", "--state", "held")
        assert all(job in listed for job in jobs)
        shown = dead_letters("show", str(by_hand))
        assert f"subject: {jobs[0]}" in shown
        assert "knativeerror" not in shown

        provider()
        assert "sent 1 again" in dead_letters("replay", str(by_hand))
        await _until("the replayed job is completed", lambda: _status(user, jobs[0], "completed"))

        # The first redrive is due five minutes after the failure; they shall be over.
        _rows(database, "UPDATE ops.quarantine SET due_at = now() WHERE id = %s RETURNING id", by_clock)
        soon()
        await _until("the clock has it completed", lambda: _status(user, jobs[1], "completed"))
        assert not [job for job in jobs if job in dead_letters("list", "--state", "held")]


def dead_letters(*arguments: str) -> str:
    """What `eco2 dead-letters …` prints where the page's commands have run before."""
    assert SETUP
    command = " ".join([*eco2(), "dead-letters", *arguments])
    # The command waits for the tunnel, which does not outlive it.
    ready = "for _ in $(seq 100); do (: < /dev/tcp/127.0.0.1/8090) 2>/dev/null && break; sleep 0.1; done"
    script = f"exec 3>&1 >&2\n{SETUP[1]}trap 'kill $!; wait' EXIT\n{ready}\n{command} >&3"
    done = subprocess.run(
        ["bash", "-ec", script],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def _status(user: User, job: str, wanted: str) -> bool:
    answer = await user.result(job)
    return answer.status == 200 and answer.json()["status"] == wanted


async def _until(what: str, holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not await holds():
        assert time.monotonic() < deadline, f"not within {WITHIN_S:.0f} s: {what}"
        await asyncio.sleep(0.5)


def _rows(database: str, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(database, autocommit=True, connect_timeout=5) as connection:
        return connection.execute(sql.encode(), parameters).fetchall()


def _rolled_out(service: dict[str, Any]) -> bool:
    """Whether requests go to the newest revision."""
    status = service["status"]
    return bool(
        status.get("observedGeneration") == service["metadata"]["generation"]
        and all(each["status"] == "True" for each in status["conditions"])
        and status["latestReadyRevisionName"] == status["latestCreatedRevisionName"]
    )
