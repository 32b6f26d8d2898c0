"""What a turn tells its user: in order, behind the turn's back, and nothing more once it is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from eventing.progress.events import Progress
from functions.chat.graph.tokens import INTERVAL_S, TokenStream
from functions.chat.progress import ATTEMPT_SEQS, ChatProgress, Telling

JOB = "6f0e2f9a-6f1d-4d3c-8a56-6a64a1b4f1c0"


class SlowProgress(ChatProgress):
    """A place for progress that takes events only when it is let; `floors` has one number a round trip."""

    def __init__(self) -> None:
        self.told: list[Progress] = []
        self.floors: list[int] = []
        self.taking = asyncio.Event()

    async def publish(self, events: Sequence[Progress], floor: int) -> int | None:
        await self.taking.wait()
        self.told += events
        self.floors.append(floor)
        return floor + len(events) - 1


def words(told: list[Progress]) -> list[str]:
    return [str((one.more or {})["content"]) for one in told]


async def test_a_turn_goes_on_while_it_is_told_of_and_order_is_kept() -> None:
    progress = SlowProgress()
    telling = Telling(progress, JOB, attempt=2)
    telling.started("intent")
    telling.completed("intent")
    telling.token("가")
    waiting = asyncio.create_task(telling.all_told())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    assert progress.told == []
    progress.taking.set()
    await waiting
    assert [(one.stage, one.status) for one in progress.told] == [
        ("intent", "started"),
        ("intent", "completed"),
        ("token", "streaming"),
    ]
    assert progress.floors == [ATTEMPT_SEQS + 1]
    assert telling.next_seq == ATTEMPT_SEQS + 4


async def test_what_is_told_later_is_waited_for_too() -> None:
    progress = SlowProgress()
    progress.taking.set()
    telling = Telling(progress, JOB, attempt=1)
    for piece in "가나다":
        telling.token(piece)
        await telling.all_told()
    assert words(progress.told) == ["가", "나", "다"]


async def test_pieces_that_wait_for_redis_are_told_together_and_stages_keep_their_place() -> None:
    progress = SlowProgress()
    telling = Telling(progress, JOB, attempt=1)
    telling.token("가")
    await asyncio.sleep(0)  # it is on its way now
    for piece in "나다라":
        telling.token(piece)
    telling.completed("answer")
    telling.token("마")
    telling.token("바", node="other")
    progress.taking.set()
    await telling.all_told()
    told = [
        ((one.more or {}).get("content", one.stage), (one.more or {}).get("node")) for one in progress.told
    ]
    assert told == [
        ("가", "answer"),
        ("나다라", "answer"),
        ("answer", None),
        ("마", "answer"),
        ("바", "other"),
    ]
    assert progress.floors == [1, 2]


async def test_a_turn_that_is_given_up_tells_nothing_more() -> None:
    progress = SlowProgress()
    telling = Telling(progress, JOB, attempt=1)
    telling.token("가")
    telling.token("나")
    await asyncio.sleep(0)
    telling.drop()
    progress.taking.set()
    await asyncio.sleep(0.01)
    assert progress.told == []


async def test_pieces_that_come_fast_are_told_together_and_none_is_lost() -> None:
    progress = SlowProgress()
    progress.taking.set()
    telling = Telling(progress, JOB, attempt=1)
    with TokenStream(telling) as tokens:
        for number in range(100):
            tokens.write(f"{number} ")
            await asyncio.sleep(INTERVAL_S / 10 if number % 10 else 0)
    await telling.all_told()
    told = words(progress.told)
    assert "".join(told) == "".join(f"{number} " for number in range(100))
    assert told[0].startswith("0 ")
    assert 1 < len(told) < 100


async def test_of_an_answer_that_breaks_off_the_rest_is_not_told() -> None:
    progress = SlowProgress()
    progress.taking.set()
    telling = Telling(progress, JOB, attempt=1)
    try:
        with TokenStream(telling) as tokens:
            tokens.write("가")
            await asyncio.sleep(INTERVAL_S / 5)
            tokens.write("나")
            raise TimeoutError
    except TimeoutError:
        await asyncio.sleep(2 * INTERVAL_S)
    await telling.all_told()
    assert words(progress.told) == ["가"]
