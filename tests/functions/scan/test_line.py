"""A scan from request to result: in any order, delivered again and again, interrupted anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis import Redis

from functions.scan.jobs import Jobs
from functions.scan.outcomes import Running
from functions.scan.stages import Stages
from functions.scan.sweeper import Sweeper
from tests.functions.scan.conftest import Provider
from tests.functions.scan.line import Line, line, shuffled
from tests.scan_line import STEPS, WHOLE

STAGES = [stage for stage, _ in STEPS]


async def result(made: Line, job_id: str, user: str = "u1") -> dict[str, Any]:
    found = await (await made.resources.get(Jobs)).result(user, UUID(job_id))
    assert not isinstance(found, Running), found
    body: dict[str, Any] = json.loads(found)
    return body


def told(settings: dict[str, str], job_id: str) -> list[tuple[int, str, str]]:
    """The job's progress in Redis: (seq, stage, status)."""
    with Redis.from_url(settings["ECO2_REDIS_STREAMS_URL"]) as redis:
        entries = [fields for shard in range(4) for _, fields in redis.xrange(f"scan:events:{shard}")]
    events = [
        json.loads(value.partition(b"\n")[2])
        for fields in entries
        for value in fields.values()
        if b"{" in value
    ]
    return [(e["seq"], e.get("type", e["stage"]), e["status"]) for e in events if e["job_id"] == job_id]


async def test_a_scan_ends_with_its_answer_and_a_character(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url)
        await made.run()
        body = await result(made, job_id)
    assert body["status"] == "completed"
    assert body["task_id"] == job_id
    answer = body["pipeline_result"]["final_answer"]
    assert list(answer["disposal_steps"])[0] == "단계1"
    assert body["reward"]["received"] is True
    assert [stage for _, stage, _ in told(settings, job_id)] == STAGES
    assert [seq for seq, _, _ in told(settings, job_id)] == WHOLE


async def test_the_result_says_which_model_stood_in_for_the_one_that_was_asked_for(
    settings: dict[str, str], provider: Provider
) -> None:
    away = {"ECO2_MODELS": "gpt-5.2", "ECO2_MODEL": "gpt-5.2", "ECO2_MODEL_FALLBACK": "simulated"}
    async with line({**settings, **away, "ECO2_OPENAI_API_KEY": ""}) as made:
        job_id = await made.submit(provider.image_url, model="gpt-5.2")
        await made.run()
        body = await result(made, job_id)
    models = {"asked": "gpt-5.2", "vision": "simulated", "answer": "simulated"}
    assert body["pipeline_result"]["models"] == models


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("부탄가스예요, 조금 남았어요", "노즐을 바닥에 눌러"),
        ("보조배터리가 부풀었어요", "더 충전하거나 쓰지 말고"),
        ("사실은 프로판 가스통이에요", "용기째 회수"),
    ],
)
async def test_what_is_dangerous_wins_nothing_and_no_model_words_its_answer(
    settings: dict[str, str], provider: Provider, said: str, path: str
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url, user_input=said)
        await made.run()
        body = await result(made, job_id)
    answer = body["pipeline_result"]["final_answer"]
    assert path in answer["user_answer"] and answer["insufficiencies"]
    assert body["reward"] is None
    assert f"{job_id}:answer" not in provider.application.ledger.markers


async def test_a_region_is_kept_with_the_job_and_said_in_the_answer(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url, user_input="영수증이에요", region="아틀란티스")
        await made.run()
        body = await result(made, job_id)
        with psycopg.connect(settings["ECO2_DATABASE_URL"]) as connection:
            row = connection.execute("SELECT region FROM scan.jobs WHERE id = %s", (job_id,)).fetchone()
    assert row == ("아틀란티스",)
    assert "‘아틀란티스’의 규정은 아직 없어" in body["pipeline_result"]["final_answer"]["user_answer"]
    assert body["reward"] is None  # the photo shows something else


@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), times=st.integers(1, 3))
def test_any_order_and_repetition_ends_the_same(
    settings: dict[str, str], provider: Provider, seed: int, times: int
) -> None:
    async def play() -> None:
        async with line(settings) as made:
            user = f"user-{seed}-{times}"
            jobs = [await made.submit(provider.image_url, user) for _ in range(3)]
            await made.run(choose=shuffled(seed), times=times)
            bodies = [await result(made, job, user) for job in jobs]
        assert [body["status"] for body in bodies] == ["completed"] * 3
        assert sum(body["reward"]["received"] for body in bodies) == 1  # a character is won once
        for job in jobs:
            assert sorted(seq for seq, _, _ in told(settings, job)) == WHOLE

    asyncio.run(play())
    assert provider.application.ledger.report(markers=False)["repeated"] == {}


async def test_nothing_is_paid_twice_when_the_process_dies_after_any_delivery(
    settings: dict[str, str], provider: Provider
) -> None:
    for deaths in range(7):
        async with line(settings) as first:
            job_id = await first.submit(provider.image_url, f"mortal-{deaths}")
            for _ in range(deaths):
                if first.events:
                    await first.deliver(first.events.pop(0))
        # What the broker had is gone as well; only the database is left.
        async with line(settings) as second:
            await asyncio.sleep(0.02)
            await (await second.resources.get(Sweeper)).sweep()
            await second.run()
            body = await result(second, job_id, f"mortal-{deaths}")
        assert body["status"] == "completed", deaths
        calls = provider.application.ledger.markers
        assert [calls[f"{job_id}:{task}"] for task in ("vision", "answer")] == [1, 1]


async def test_a_stage_that_was_interrupted_is_worked_on_again(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line(settings) as first:
        job_id = await first.submit(provider.image_url)
        event = first.events.pop(0)
        work = asyncio.create_task(first.deliver(event))
        await asyncio.sleep(0.05)
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    async with line(settings) as second:
        second.events.append(event)
        await second.run()
        assert (await result(second, job_id))["status"] == "completed"


async def test_progress_goes_on_with_the_same_numbers_when_redis_is_lost(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url)
        await made.deliver(made.events.pop(0))
        with Redis.from_url(settings["ECO2_REDIS_STREAMS_URL"]) as redis:
            redis.flushall()
        await made.run()
        assert [seq for seq, _, _ in told(settings, job_id)] == WHOLE[4:]
        story = await (await made.resources.get(Jobs)).story(UUID(job_id))
    assert [step.seq for step in story] == WHOLE
    assert [step.stage for step in story] == STAGES


async def test_a_cancelled_job_ends_cancelled_and_asks_nobody_any_more(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url)
        await made.deliver(made.events.pop(0))
        await (await made.resources.get(Jobs)).cancel("u1", UUID(job_id))
        await made.run()
        body = await result(made, job_id)
    assert (body["status"], body["pipeline_result"], body["error"]["code"]) == (
        "cancelled",
        None,
        "CANCELLED",
    )
    assert f"{job_id}:answer" not in provider.application.ledger.markers
    assert told(settings, job_id)[-1][1:] == ("error", "cancelled")


async def test_a_picture_that_is_none_fails_the_job_with_its_code(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(f"{provider.url}/images/../calls")
        await made.run()
        body = await result(made, job_id)
    assert body["status"] == "failed"
    assert body["error"]["code"] in {"IMAGE_UNREADABLE", "IMAGE_URL_INVALID"}
    assert [event[1:] for event in told(settings, job_id)[-2:]] == [("vision", "failed"), ("error", "failed")]


async def test_a_job_past_its_deadline_ends_with_an_error(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url)
        with psycopg.connect(settings["ECO2_DATABASE_URL"]) as connection:
            connection.execute("UPDATE scan.jobs SET deadline_at = now() - interval '1 second'")
        await (await made.resources.get(Sweeper)).sweep()
        assert (await result(made, job_id))["error"]["code"] == "DEADLINE_EXCEEDED"
        made.events.clear()


async def test_a_stage_that_the_broker_tries_again_is_not_emitted_meanwhile(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line(settings | {"ECO2_SCAN_OVERDUE_S": "20"}) as made:
        await made.submit(provider.image_url)
        event = made.events.pop(0)
        vision = next(function for function in made.functions if function.name == "scan-vision")
        stages = await made.resources.get(Stages)
        await stages.claim(vision, event)
        await stages.release(vision, event)
        sweeper = await made.resources.get(Sweeper)
        with psycopg.connect(settings["ECO2_DATABASE_URL"], autocommit=True) as connection:
            connection.execute("UPDATE scan.jobs SET created_at = now() - interval '1 minute'")
            connection.execute("UPDATE scan.stage_results SET started_at = now() - interval '1 minute'")
            await sweeper.sweep()
            assert made.events == []
            connection.execute("UPDATE scan.stage_results SET lease_until = now() - interval '1 minute'")
            await sweeper.sweep()
        assert [again.id for again in made.events] == [event.id]
        made.events.clear()


async def test_a_replayed_job_that_had_failed_goes_on_to_its_result(
    settings: dict[str, str], provider: Provider
) -> None:
    async with line(settings) as made:
        job_id = await made.submit(provider.image_url)
        event = made.events.pop(0)
        jobs = await made.resources.get(Jobs)
        await jobs.fail(job_id, "STAGE_FAILED")
        assert (await result(made, job_id))["status"] == "failed"
        assert await made.deliver(event) == 204  # an ordinary redelivery changes nothing
        made.events.append(replace(event, extensions={**event.extensions, "redrive": "1"}))
        assert await made.deliver(made.events.pop(0)) == 200
        assert isinstance(await jobs.result("u1", UUID(job_id)), Running)
        await made.run()
        assert (await result(made, job_id))["status"] == "completed"
        assert [step.stage for step in await jobs.story(UUID(job_id))] == STAGES
