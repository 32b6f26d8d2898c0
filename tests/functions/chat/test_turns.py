"""A message is stored before it is acknowledged, answered once however often its event comes, and told to its end."""

from __future__ import annotations

import asyncio
from uuid import UUID

import psycopg
import pytest

from functions.chat.cancel.func import cancel
from functions.chat.conversations import title_of
from functions.chat.events import TurnCompleted
from functions.chat.inputs.func import inputs
from functions.chat.stream.func import ChatStreams, stream
from functions.chat.sweep.func import sweep
from functions.chat.title.func import title
from functions.chat.turns import Turns
from functions.ops.events import SweepRequested
from tests.functions.chat.conftest import Talking
from tests.functions.chat.talk import BASE, Talk

QUESTION = "페트병 라벨은 어떻게 버려요? 그리고 이코는 누구야?"


async def test_a_message_is_answered_and_told_in_order(talk: Talk) -> None:
    chat = await talk.begin()
    job = await talk.say(chat, QUESTION)
    assert [one["content"] for one in (await talk.messages(chat))["messages"]] == [QUESTION]
    assert (await talk.deliver()).status_code == 200
    events = await talk.events(job)
    assert [one["seq"] for one in events] == sorted({one["seq"] for one in events})
    stages = [f"{one['stage']} {one['status']}" for one in events if one["stage"] != "token"]
    assert stages[:3] == ["queued started", "intent started", "intent completed"]
    assert {"waste_rag completed", "character completed"} <= set(stages)
    assert stages[-2:] == ["answer completed", "done completed"]
    result = events[-1]["result"]
    assert "".join(one["content"] for one in events if one["stage"] == "token") == result["answer"]
    question, answer = (await talk.messages(chat))["messages"]
    assert (answer["content"], answer["intent"]) == (result["answer"], "waste")
    assert result["persistence"]["user_message"] == question["id"]
    assert result["persistence"]["assistant_message"] == answer["id"]


async def test_a_stream_is_the_same_from_every_place(talk: Talk) -> None:
    job = await talk.say(await talk.begin(), QUESTION)
    await talk.deliver()
    whole = await talk.events(job)
    for place in range(len(whole) - 1):
        assert await talk.events(job, whole[place]["seq"]) == whole[place + 1 :]
    assert await talk.events(job, whole[-1]["seq"]) == []


async def test_a_user_has_so_many_streams(talking: Talking) -> None:
    async with talking(ECO2_CHAT_USER_STREAMS="2") as talk:
        job = await talk.say(await talk.begin(), QUESTION)
        await talk.deliver()
        gateway = await talk.functions.resources.get(ChatStreams)
        held = [await gateway.place(talk.user) for _ in range(2)]
        answer = await talk.functions.call(stream, "GET", f"{BASE}/{job}/events", user=talk.user)
        assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_STREAMS")
        assert answer.headers["retry-after"] == "5"
        await gateway.place(talk.stranger().user)
        await gateway.shares.release(held[0])
        assert (await talk.events(job))[-1]["stage"] == "done"


async def test_a_user_has_so_many_turns_under_way(talking: Talking) -> None:
    async with talking(ECO2_CHAT_USER_TURNS="2") as talk:
        chat = await talk.begin()
        for key in ("a", "b"):
            assert (await talk.send(chat, {"message": QUESTION}, idempotency_key=key)).status_code == 202
        answer = await talk.send(chat, {"message": QUESTION}, idempotency_key="c")
        assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_TURNS")
        again = await talk.send(chat, {"message": QUESTION}, idempotency_key="b")
        assert again.status_code == 202, "it is answered with the turn of the key"
        stranger = talk.stranger()
        await stranger.say(await stranger.begin(), QUESTION)
        await talk.deliver(talk.sink.events[0])
        await talk.say(chat, QUESTION)


async def test_turns_of_a_user_that_come_at_once_are_counted(talking: Talking) -> None:
    async with talking(ECO2_CHAT_USER_TURNS="2") as talk:
        chat = await talk.begin()
        answers = await asyncio.gather(*(talk.send(chat, {"message": QUESTION}) for _ in range(12)))
        assert sorted(answer.status_code for answer in answers) == [202] * 2 + [429] * 10
        assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)
        assert len(talk.sink.events) == 2


async def test_the_end_is_told_when_redis_has_forgotten(talk: Talk) -> None:
    job = await talk.say(await talk.begin(), QUESTION)
    await talk.deliver()
    end = (await talk.events(job))[-1]
    await (await talk.functions.resources.redis("streams")).flushall()
    told = await talk.events(job)
    assert [one["stage"] for one in told] == ["queued", "done"]
    assert (told[-1]["seq"], told[-1]["result"]) == (end["seq"], end["result"])
    assert await talk.events(job, end["seq"] - 2) == [told[-1]]


async def test_an_event_that_comes_twice_is_answered_once(talk: Talk) -> None:
    chat = await talk.begin()
    await talk.say(chat, "안녕")
    event = talk.sink.events[-1]
    answers = await asyncio.gather(*(talk.deliver(event) for _ in range(3)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    again = await talk.deliver(event)
    assert again.status_code == 200
    assert len((await talk.messages(chat))["messages"]) == 2


async def test_a_key_makes_one_turn(talk: Talk) -> None:
    chat = await talk.begin()
    body = {"message": "안녕"}
    first, twin = [await talk.send(chat, body, idempotency_key="k1") for _ in range(2)]
    assert first.json() == twin.json()
    other = await talk.send(chat, {"message": "다른 말"}, idempotency_key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len((await talk.messages(chat))["messages"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "MESSAGE_REQUIRED"),
        ({"message": "  "}, 400, "MESSAGE_REQUIRED"),
        ({"message": "x", "model": "gpt-0"}, 400, "UNSUPPORTED_MODEL"),
        ({"message": "x", "image_url": "http://127.0.0.1/x"}, 400, "IMAGE_URL_INVALID"),
        ({"message": "x" * 4001}, 422, "VALIDATION_FAILED"),
        ({"message": "x", "user_location": {"latitude": 91, "longitude": 0}}, 422, "VALIDATION_FAILED"),
    ],
)
async def test_what_can_not_be_answered_is_told_at_once(
    talk: Talk, body: dict[str, object], status: int, code: str
) -> None:
    answer = await talk.send(await talk.begin(), body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_broker_that_is_down_loses_no_message(talk: Talk, postgres_url: str) -> None:
    talk.sink.refusing = True
    job = await talk.say(await talk.begin(), "안녕")
    talk.sink.refusing = False
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("UPDATE chat.outbox SET created_at = now() - interval '10 s'")
    await talk.functions.deliver(sweep, SweepRequested())
    assert [event.id for event in talk.sink.events] == [job]
    assert (await talk.deliver()).status_code == 200


async def test_a_turn_that_stands_still_is_started_again_and_a_late_one_ends(
    talk: Talk, postgres_url: str
) -> None:
    chat = await talk.begin()
    job = await talk.say(chat, "안녕")
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute(
            "UPDATE chat.turns SET created_at = now() - interval '1 min', lease_until = now() - interval '1 min'"
        )
        talk.sink.events.clear()
        await talk.functions.deliver(sweep, SweepRequested())
        assert [event.id for event in talk.sink.events] == [job]
        await connection.execute("UPDATE chat.turns SET deadline_at = now()")
    await talk.functions.deliver(sweep, SweepRequested())
    end = (await talk.events(job))[-1]
    assert (end["stage"], end["type"], end["error"]) == ("answer", "error", "deadline_exceeded")
    assert "시간 안에" in end["message"]
    assert (await talk.deliver()).status_code == 204
    assert (await talk.messages(chat))["messages"][-1]["content"] == end["message"]


async def test_a_cancelled_turn_ends_and_is_not_answered(talk: Talk) -> None:
    job = await talk.say(await talk.begin(), "안녕")
    path = f"{BASE}/{job}/run"
    assert (await talk.functions.call(cancel, "DELETE", path, user=talk.user)).status_code == 204
    assert (await talk.deliver()).status_code == 204
    assert [one["status"] for one in await talk.events(job)] == ["started", "cancelled"]
    assert (await talk.functions.call(cancel, "DELETE", path, user=talk.user)).status_code == 204


async def test_an_attempt_that_died_while_it_answered_is_ended_not_repeated(
    talk: Talk, postgres_url: str
) -> None:
    chat = await talk.begin()
    job = await talk.say(chat, "안녕")
    turns = await talk.functions.resources.get(Turns)
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("UPDATE chat.turns SET attempt = 1")
    turn = await turns.load(UUID(job))
    telling = turns.telling(turn)
    telling.token("안녕하세")
    await telling.all_told()
    assert (await talk.deliver()).status_code == 200
    answer = (await talk.messages(chat))["messages"][-1]["content"]
    assert answer.startswith("안녕하세\n")
    assert "끊겼어요" in answer


async def test_a_waiting_turn_takes_what_it_waits_for_once(talk: Talk, postgres_url: str) -> None:
    job = await talk.say(await talk.begin(), "안녕")
    body = {"type": "location", "data": {"latitude": 37.5, "longitude": 127.0}}

    async def give() -> int:
        answer = await talk.functions.call(inputs, "POST", f"{BASE}/{job}/input", user=talk.user, json=body)
        return answer.status_code

    assert await give() == 409
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("UPDATE chat.turns SET status = 'waiting', needs = 'location'")
    assert await give() == 200
    assert talk.sink.events[-1].type == "eco2.chat.input.received"
    assert await give() == 409
    turn = await (await talk.functions.resources.get(Turns)).load(UUID(job))
    assert turn.input == body


async def test_a_position_of_booleans_is_none(talk: Talk) -> None:
    job = await talk.say(await talk.begin(), "안녕")
    body = {"type": "location", "data": {"latitude": True, "longitude": 127.0}}
    answer = await talk.functions.call(inputs, "POST", f"{BASE}/{job}/input", user=talk.user, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")


async def test_anothers_turn_is_unknown(talk: Talk) -> None:
    job = await talk.say(await talk.begin(), "안녕")
    stranger = talk.stranger().user
    asked = (
        (stream, "GET", "events", None),
        (cancel, "DELETE", "run", None),
        (inputs, "POST", "input", {"type": "cancel"}),
    )
    for function, method, place, body in asked:
        answer = await talk.functions.call(
            function, method, f"{BASE}/{job}/{place}", user=stranger, json=body
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "JOB_NOT_FOUND")


async def test_a_conversation_gets_a_title_after_its_first_answer_and_keeps_it(talk: Talk) -> None:
    chat = await talk.begin()
    for message in (QUESTION, "소파는?"):
        job = await talk.say(chat, message)
        await talk.deliver()
        done = TurnCompleted(job_id=UUID(job), chat_id=UUID(chat), user_id=talk.user, intent="waste")
        assert (await talk.functions.deliver(title, done)).status_code == 204
    assert (await talk.page())["chats"][0]["title"] == "페트병 라벨은 어떻게 버려요?"


def test_a_title_is_the_first_sentence_and_short() -> None:
    assert title_of("소파 버리는 법? 그리고") == "소파 버리는 법?"
    assert title_of("가" * 31) == "가" * 29 + "…"
