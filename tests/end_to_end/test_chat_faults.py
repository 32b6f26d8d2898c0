"""A turn of the chat whose agent is killed, or whose Redis is emptied: one answer all the same, and paid once."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from functions.chat.wording import BROKEN_OFF
from functions.providers.simulated.outputs import TEXT
from tests.end_to_end.client import User
from tests.end_to_end.platform import Platform, running
from tests.end_to_end.talking import CHAT, Conversation, complaints, told

QUESTION = "페트병 라벨은 어떻게 버려요?"
WITHIN_S = 60.0
TIMES = 4
WHOLE = " ".join([TEXT] * TIMES)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A platform whose model takes a second to begin and five to say what it has to say."""
    settings = {
        "ECO2_SIMULATED_ANSWER_S": "1",
        "ECO2_SIMULATED_TOKEN_S": "0.05",
        "ECO2_SIMULATED_TEXT_TIMES": str(TIMES),
        "ECO2_MODEL_FALLBACK": "",
    }
    with running(processes=1, settings=settings) as started:
        yield started


@dataclass(frozen=True, slots=True)
class HitTurn:
    """A turn that something happened to on its way, followed to its end."""

    job_id: str
    told: str
    answer: str


async def hit(user: User, *, at: str, by: Callable[[], Awaitable[None]]) -> HitTurn:
    """Ask, let it happen once the stream tells of a stage, follow the turn: it ends well, its answer is kept."""
    chat = await Conversation.begun(user)
    job_id = await chat.say(QUESTION)
    await until_told(chat, job_id, at)
    await by()
    events = await chat.follow(job_id, within_s=WITHIN_S)
    assert complaints(events) == []
    answer = events[-1].data["result"]["answer"]
    assert [one["content"] for one in await chat.messages()] == [QUESTION, answer]
    return HitTurn(job_id, told(events), answer)


async def until_told(chat: Conversation, job_id: str, stage: str) -> None:
    """Wait until the stream has told of a stage."""
    async for event in chat.user.events(job_id, path=f"{CHAT}/{job_id}/events"):
        if event.name == stage:
            return
    raise AssertionError(f"the stream ended before {stage}")


async def kill(platform: Platform) -> None:
    for name in platform.state["processes"]:
        if name.startswith("functions"):
            platform.signal(name, signal.SIGKILL)


async def empty(platform: Platform) -> None:
    """Redis forgets everything."""
    from redis.asyncio import Redis

    async with Redis.from_url(platform.state["redis"]) as redis:
        await redis.flushall()


async def paid(platform: Platform, job_id: str) -> dict[str, int]:
    """How often the model was paid for each task of a turn."""
    markers: dict[str, int] = (await platform.calls())["markers"]
    return {
        marker.rpartition(":")[2]: times for marker, times in markers.items() if marker.startswith(job_id)
    }


async def test_an_agent_that_is_killed_before_it_answers_is_followed_by_another(
    platform: Platform, user: User
) -> None:
    turn = await hit(user, at="intent", by=partial(kill, platform))
    assert turn.told == turn.answer == WHOLE
    assert (await paid(platform, turn.job_id))["answer"] == 1


async def test_an_agent_that_is_killed_while_it_answers_leaves_what_it_said(
    platform: Platform, user: User
) -> None:
    turn = await hit(user, at="token", by=partial(kill, platform))
    assert turn.answer == turn.told + BROKEN_OFF
    assert WHOLE.startswith(turn.told)
    assert (await paid(platform, turn.job_id))["answer"] == 1


async def test_a_redis_that_is_emptied_in_the_middle_costs_no_word_of_the_answer(
    platform: Platform, user: User
) -> None:
    turn = await hit(user, at="token", by=partial(empty, platform))
    assert turn.answer == WHOLE
    assert await paid(platform, turn.job_id) == {"intent": 1, "answer": 1}
