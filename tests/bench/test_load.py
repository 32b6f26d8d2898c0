from __future__ import annotations

import os

import pytest

from bench.load import Plan, run
from bench.meter import Meter
from bench.report import Report
from bench.users import Refused, Users, picture
from tests.bench.platform import TinyPlatform


async def load(platform: TinyPlatform, plan: Plan) -> Report:
    async with platform.running():
        users = Users(platform.url)
        report = await run(users, await users.upload(b"jpeg"), plan)
        await users.close()
    return report


async def test_every_job_of_a_sound_platform_completes() -> None:
    platform = TinyPlatform()
    report = await load(platform, Plan(users=4, seconds=30, jobs=40, ramp_s=0.0))
    assert len(report.completed) == 40
    assert report.failures == {}
    assert platform.stored == b"jpeg"


async def test_each_user_signs_in_once_and_keeps_a_connection() -> None:
    platform = TinyPlatform()
    async with platform.running():
        users = Users(platform.url)
        for _ in range(2):
            await run(users, "x", Plan(users=3, seconds=30, jobs=30, ramp_s=0.0))
        await users.close()
    assert sorted(platform.sign_ins) == ["user-0", "user-1", "user-2"]
    assert platform.opened <= 6  # `done` and the end may come apart: then the result takes a second


async def test_users_take_turns_with_several_accounts() -> None:
    platform = TinyPlatform()
    report = await load(platform, Plan(users=2, seconds=30, jobs=12, identities=6, ramp_s=0.0))
    assert report.failures == {}
    assert len(platform.submitters) == 6
    assert platform.addresses - {"127.0.0.1"} == {f"127.1.0.{number}" for number in range(6)}


async def test_connections_which_the_server_closes_are_opened_again() -> None:
    report = await load(TinyPlatform(close_after_answer=True), Plan(users=2, seconds=30, jobs=10, ramp_s=0.0))
    assert report.failures == {}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("submit 503", "submit 503 BROKER"),
        ("missing", "stream misses a seq"),
        ("duplicate", "stream repeats an event"),
        ("swapped", "stream misses a seq"),
        ("early close", "stream closed early"),
        ("skipped stage", "stream without rule completed"),
        ("error", "stream error provider"),
        ("silent", "stream timed out"),
        ("result 202", "result 202"),
        ("failed", "result failed MODEL_DOWN"),
        ("other result", "result differs from the stream's"),
    ],
)
async def test_a_broken_job_is_counted_with_its_reason(fault: str, reason: str) -> None:
    platform = TinyPlatform(faults={2: fault, 5: fault})
    report = await load(platform, Plan(users=1, seconds=30, jobs=8, ramp_s=0.0, timeout_s=0.5))
    assert report.failures == {reason: 2}
    assert len(report.completed) == 6


async def test_a_stream_left_open_after_done_does_not_fail_the_job() -> None:
    platform = TinyPlatform(faults={0: "left open"})
    report = await load(platform, Plan(users=1, seconds=30, jobs=2, ramp_s=0.0))
    assert report.failures == {}
    assert platform.opened >= 2


async def test_a_platform_that_is_gone_is_a_failure_of_each_job() -> None:
    platform = TinyPlatform()
    async with platform.running():
        users = Users(platform.url)
        await users.signed_in(1)
        await users.close()
    report = await run(users, "x", Plan(users=1, seconds=30, jobs=2, ramp_s=0.0))
    assert report.failures == {"submit: ConnectionRefusedError": 2}


@pytest.mark.parametrize("refused", ["/api/v1/auth/local/login", "/api/v1/images/scan", "/put/"])
async def test_a_refused_preparation_names_the_answer(refused: str) -> None:
    async with TinyPlatform(refused=refused).running() as platform:
        users = Users(platform.url)
        with pytest.raises(Refused, match=r"500 .*BROKEN"):
            await users.upload(b"jpeg")
        await users.close()


async def test_an_open_loop_starts_jobs_without_waiting_for_earlier_ones() -> None:
    platform = TinyPlatform(stage_s=0.02)
    report = await load(platform, Plan(users=2, seconds=0.5, rate=40))
    assert len(report.completed) == 20
    assert sorted(o.started for o in report.outcomes) == [
        pytest.approx(min(o.started for o in report.outcomes) + n / 40) for n in range(20)
    ]


async def test_cpu_of_the_platform_is_added_up_by_process() -> None:
    platform = TinyPlatform()
    async with platform.running():
        users = Users(platform.url)
        meter = Meter(os.getpid(), every_s=0.05)
        report = await run(users, "x", Plan(users=2, seconds=30, jobs=20, ramp_s=0.0), meter)
        await users.close()
    figures = report.figures()
    assert figures["peak_pss_mib"] > 1
    assert sum(figures["processes"].values()) >= 1
    assert figures["cpu_ms_per_job_by_process"]


def test_a_drawn_picture_is_a_jpeg() -> None:
    assert picture()[:3] == b"\xff\xd8\xff"
