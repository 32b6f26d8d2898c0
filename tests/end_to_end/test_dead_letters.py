"""A stage that fails for good: the user is told soon, the event is kept, and a replay brings the result."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from bench.launch import eco2
from tests.end_to_end.client import User
from tests.end_to_end.platform import Platform, running

WITHIN_S = 60.0
"""Seven attempts, each asking the provider twice, with 0.4, 0.8, 1.6, 3.2, 6.4 and 12.8 s between them."""
FAILURES = 14


@pytest.fixture
def platform(broker: str) -> Iterator[Platform]:
    # No breaker: it would fail other calls than those the script names.
    settings = {"ECO2_MODEL_FALLBACK": "", "ECO2_BREAKER_FAILURES": "1000"}
    with running(broker=broker, processes=1, settings=settings) as started:
        yield started


def dead_letters(platform: Platform, *arguments: str) -> str:
    """What `eco2 dead-letters …` prints."""
    command = [*eco2(), "dead-letters", *arguments, "--home", str(platform.home.folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("broker", "stage", "good_calls"), [("embedded", "vision", 0), ("rabbitmq", "answer", 1)]
)
async def test_a_stage_that_keeps_failing_ends_its_job_and_a_replay_completes_it(
    platform: Platform, user: User, stage: str, good_calls: int
) -> None:
    await platform.script(*["ok"] * good_calls, *["error"] * FAILURES)
    job_id = await user.submit(await user.upload())

    events = await user.follow(job_id, within_s=WITHIN_S)

    assert events, platform.tail()
    error = events[-1]
    assert error.name == "error", platform.tail()
    assert {"type": "error", "error": "stage_failed", "stage": stage}.items() <= error.data.items()
    assert error.data["message"]
    numbers = [event.data["seq"] for event in events]
    assert numbers == sorted(set(numbers))
    assert [event.step for event in events[-3:]] == [
        (stage, "started"),
        (stage, "failed"),
        ("error", "failed"),
    ]
    result = (await user.result(job_id)).json()
    assert (result["status"], result["error"]["code"]) == ("failed", "STAGE_FAILED")
    assert (await platform.calls())["outcomes"]["error"] % FAILURES == 0

    (number,) = [
        int(row[0]) for row in platform.rows("SELECT id FROM ops.quarantine WHERE subject = %s", job_id)
    ]
    listed = dead_letters(platform, "list", "--state", "held")
    assert str(number) in listed
    assert job_id in listed
    shown = dead_letters(platform, "show", str(number))
    assert f"subject: {job_id}" in shown
    assert "knativeerror" not in shown
    assert dead_letters(platform, "replay", str(number)).strip() == "sent 1 again"

    async def completed() -> bool:
        answer = await user.result(job_id)
        return answer.status == 200 and answer.json()["status"] == "completed"

    await platform.until("the replayed job is completed", completed)
    again = await user.stream(job_id)
    assert again[-1].step == ("done", "completed")
    assert again[-1].data["result"] == (await user.result(job_id)).json()
    assert not [event for event in again if event.name == "error"]
    assert (await platform.calls())["repeated"] == {}
    assert job_id not in dead_letters(platform, "list", "--state", "held")
