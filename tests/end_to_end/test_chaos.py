"""Processes are killed, stores are lost and events come thrice while many scans run: each ends once, and well.

What may be asked of a provider again is a call whose answer was not stored when its process went away. The table
of stages tells: each time a stage is begun its `attempt` is counted, so a stage that was begun once was paid once,
and one begun n times at most n times. That a stored stage is never begun again shows in the calm after the storm:
every event of every job comes three times more, and nothing moves.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.end_to_end.client import Event, User
from tests.end_to_end.events import repeat
from tests.end_to_end.platform import Platform, running
from tests.scan_line import WHOLE

USERS = 8
JOBS = 8
"""Jobs of each user."""
STORM_S = 10.0
"""Seconds in which everything is submitted and everything goes wrong."""
PATIENCE_S = 75.0


@dataclass
class Storm:
    """What happens to a platform, in an order that the seed decides."""

    platform: Platform
    chance: random.Random
    done: list[str] = field(default_factory=list)

    def plan(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        kills = ["functions-1", "functions-2", "functions-1", "functions-2", "broker", "edge", "postgres"]
        if self.platform.state["broker"] == "rabbitmq":
            kills.append("rabbitmq")
        plan = [(f"kill {name}", self._killing(name)) for name in kills]
        plan += [("lose Redis' data", self.lose_redis), ("empty Redis", self.empty_redis)]
        plan += [("events thrice", self.repeat_events)] * 3
        self.chance.shuffle(plan)
        return plan

    async def rage(self) -> None:
        """Do all of it, spread over the storm's time."""
        plan = self.plan()
        for what, act in plan:
            await asyncio.sleep(self.chance.uniform(0.5, 1.5) * STORM_S / len(plan))
            await act()
            self.done.append(what)

    def _killing(self, name: str) -> Callable[[], Awaitable[None]]:
        async def kill() -> None:
            self.platform.signal(name, signal.SIGKILL)

        return kill

    async def lose_redis(self) -> None:
        """As when a Redis without a disk dies: it is back at once, and empty."""
        self.platform.signal("valkey", signal.SIGKILL)
        shutil.rmtree(self.platform.home.folder / "valkey" / "data", ignore_errors=True)

    async def empty_redis(self) -> None:
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        try:
            async with Redis.from_url(self.platform.state["redis"]) as redis:
                await redis.flushall()
        except (RedisError, OSError):
            await self.lose_redis()

    async def repeat_events(self) -> None:
        await repeat(self.platform, self.chance)


async def insist(act: Callable[[], Awaitable[Any]]) -> Any:
    """Do what is safe to repeat until it works, as any client does while a service restarts."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await act()
            except (aiohttp.ClientError, OSError, AssertionError, KeyError):
                await asyncio.sleep(0.3)


async def scan(user: User, image_url: str, after_s: float) -> tuple[str, list[Event], dict[str, Any]]:
    """One scan of an impatient client: submits until it is accepted, connects again until the stream ends."""
    await asyncio.sleep(after_s)
    key = str(uuid4())
    job_id: str = await insist(lambda: user.submit(image_url, key=key))
    events = await user.follow(job_id, within_s=PATIENCE_S)

    async def result() -> dict[str, Any]:
        answer = await user.result(job_id)
        assert answer.status in (200, 202), answer
        body: dict[str, Any] = answer.json()
        return body

    return job_id, events, await insist(result)


@pytest.mark.parametrize(("broker", "seed", "error_rate"), [("embedded", 2, 0.1), ("rabbitmq", 3, 0.0)])
async def test_every_scan_ends_once_whatever_breaks(broker: str, seed: int, error_rate: float) -> None:
    settings = {"ECO2_SIMULATED_VISION_S": "1", "ECO2_SIMULATED_ANSWER_S": "1", "ECO2_MODEL_FALLBACK": ""}
    settings["ECO2_SIMULATED_ERROR_RATE"] = str(error_rate)
    with running(broker=broker, settings=settings) as platform:
        storm = Storm(platform, random.Random(seed))
        async with AsyncExitStack() as stack:
            signed_in = [User.signed_in(platform.url, f"이웃 {number}") for number in range(USERS)]
            users = [await stack.enter_async_context(user) for user in signed_in]
            image_urls = [await user.upload() for user in users]
            raging = asyncio.create_task(storm.rage())
            scans = [
                scan(user, image_url, storm.chance.uniform(0, STORM_S))
                for user, image_url in zip(users, image_urls, strict=True)
                for _ in range(JOBS)
            ]
            told = await asyncio.gather(*scans)
            await raging
            before = await everything(platform)
            await storm.repeat_events()
            # Passes every queue behind the repeated events.
            told.append(await scan(users[0], image_urls[0], 0))
            findings = changed(before, await everything(platform))
        findings += [finding for one in told for finding in untrue_of(*one)]
        findings += await untrue_of_the_whole(platform, [job_id for job_id, _, _ in told])
        if findings:
            platform.fail("\n".join([*findings[:20], f"{len(findings)} findings after {storm.done}"]))


async def everything(platform: Platform) -> dict[str, dict[Any, Any]]:
    """What may not change any more once all jobs have ended, by kind and key."""
    stages = platform.rows("SELECT job_id, stage, attempt, finished_at, output FROM scan.stage_results")
    jobs = platform.rows("SELECT id, status, outcome, ended_at FROM scan.jobs")
    return {
        "calls": (await platform.calls())["markers"],
        "stages": {(job_id, stage): rest for job_id, stage, *rest in stages},
        "jobs": {job_id: rest for job_id, *rest in jobs},
    }


def changed(before: dict[str, dict[Any, Any]], after: dict[str, dict[Any, Any]]) -> list[str]:
    """What was there before and is another now."""
    return [
        f"a repeated event changed {kind} {key}: {then} → {after[kind].get(key)}"
        for kind, things in before.items()
        for key, then in things.items()
        if after[kind].get(key) != then
    ]


def untrue_of(job_id: str, events: list[Event], result: dict[str, Any]) -> list[str]:
    """What one user would complain about."""
    findings = []
    if result["status"] != "completed":
        findings.append(f"{job_id}: the result is {result}")
    numbers = [event.data.get("seq") for event in events]
    if numbers != WHOLE:
        findings.append(f"{job_id}: the stream was {[(*e.step, e.data.get('seq')) for e in events]}")
    elif events[-1].data["result"] != result:
        findings.append(f"{job_id}: done told {events[-1].data['result']}, the result is {result}")
    return findings


async def untrue_of_the_whole(platform: Platform, jobs: list[str]) -> list[str]:
    """What we would complain about."""
    findings = []
    statuses = platform.rows("SELECT status, count(*) FROM scan.jobs GROUP BY status")
    if statuses != [("completed", len(jobs))]:
        findings.append(f"jobs by status: {statuses}")
    unfinished = platform.rows("SELECT job_id, stage FROM scan.stage_results WHERE output IS NULL")
    findings += [f"stage without output: {row}" for row in unfinished]

    attempts = {
        f"{job_id}:{stage}": attempt
        for job_id, stage, attempt in platform.rows("SELECT job_id, stage, attempt FROM scan.stage_results")
    }
    billed: dict[str, int] = (await platform.calls())["markers"]
    for marker, times in billed.items():
        if times > attempts.get(marker, 0):
            findings.append(f"{marker} was paid {times} times in {attempts.get(marker, 0)} attempts")
    if unpaid := [job for job in jobs for task in ("vision", "answer") if f"{job}:{task}" not in billed]:
        findings.append(f"results that no one was paid for: {unpaid}")

    async def settled() -> bool:
        return not await asyncio.to_thread(inconsistent, platform)

    deadline = asyncio.get_running_loop().time() + 30
    while not await settled() and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.5)
    return findings + inconsistent(platform)


def inconsistent(platform: Platform) -> list[str]:
    """Each user has won one character in one scan, and three domains say so."""
    granted = platform.rows("SELECT user_id::uuid, character, job_id FROM scan.grants")
    findings = [] if len(granted) == USERS else [f"{len(granted)} grants for {USERS} users"]
    told = platform.rows(
        "SELECT user_id::uuid, outcome->'reward'->>'code', id FROM scan.jobs "
        "WHERE (outcome->'reward'->>'received')::boolean"
    )
    tables = {
        "results": told,
        "inventories": platform.rows(
            "SELECT user_id, character_code, job_id FROM users.user_characters WHERE job_id IS NOT NULL"
        ),
        "ownerships": platform.rows(
            "SELECT user_id, character_code, job_id FROM characters.ownerships WHERE job_id IS NOT NULL"
        ),
    }
    for name, rows in tables.items():
        if sorted(rows) != sorted(granted):
            findings.append(f"{name} differ from the grants: {set(rows) ^ set(granted)}")
    defaults = platform.rows("SELECT count(*) FROM users.user_characters WHERE character_code = 'char-eco'")
    return findings if defaults == [(USERS,)] else [*findings, f"{defaults} default characters"]
