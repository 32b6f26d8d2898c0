"""Conversations: made, listed, read back page by page, renamed, hidden; another user's are unknown."""

from __future__ import annotations

import psycopg
import pytest

from functions.chat.create.func import create
from functions.chat.delete.func import delete
from functions.chat.detail.func import detail
from functions.chat.rename.func import rename
from tests.functions.chat.talk import BASE, Talk

NOBODYS = "6f1c0000-0000-4000-8000-0000000000ff"


async def test_a_conversation_without_messages_is_listed_once(talk: Talk) -> None:
    chat = await talk.begin(title="  화분 정리  ")
    page = await talk.page()
    (only,) = page["chats"]
    assert (only["id"], only["title"], only["message_count"]) == (chat, "화분 정리", 0)
    assert (only["preview"], only["last_message_at"], page["next_cursor"]) == (None, None, None)


async def test_all_pages_hold_every_conversation_once_also_at_equal_times(
    talk: Talk, postgres_url: str
) -> None:
    chats = {await talk.begin() for _ in range(7)}
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute(
            "UPDATE chat.conversations SET sorted_at = '2026-03-01', created_at = '2026-03-01'"
        )
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        page = await talk.page(limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [one["id"] for one in page["chats"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == 7
    assert set(seen) == chats


async def test_what_was_said_last_comes_first(talk: Talk) -> None:
    first, second = await talk.begin(), await talk.begin()
    await talk.say(first, "우유팩은 어떻게 버려요?")
    (newest, other) = (await talk.page())["chats"]
    assert (newest["id"], newest["preview"], newest["message_count"]) == (first, "우유팩은 어떻게 버려요?", 1)
    assert other["id"] == second


async def test_the_newest_messages_come_in_order_and_the_cursor_goes_back(talk: Talk) -> None:
    chat = await talk.begin()
    for number in range(5):
        await talk.say(chat, f"질문 {number}")
    newest = await talk.messages(chat, limit=2)
    assert [one["content"] for one in newest["messages"]] == ["질문 3", "질문 4"]
    assert newest["has_more"]
    older = await talk.messages(chat, limit=3, cursor=newest["next_cursor"])
    assert [one["content"] for one in older["messages"]] == ["질문 0", "질문 1", "질문 2"]
    assert (older["has_more"], older["next_cursor"]) == (False, None)
    by_time = await talk.messages(chat, limit=3, cursor=newest["messages"][0]["created_at"])
    assert by_time["messages"] == older["messages"]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}])
async def test_a_limit_that_can_not_be_is_422(talk: Talk, query: dict[str, str]) -> None:
    answer = await talk.functions.call(
        detail, "GET", f"{BASE}/{await talk.begin()}", user=talk.user, params=query
    )
    assert answer.status_code == 422


async def test_a_cursor_that_is_none_of_ours_is_told(talk: Talk) -> None:
    chat = await talk.begin()
    answer = await talk.functions.call(detail, "GET", f"{BASE}/{chat}?cursor=x", user=talk.user)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CURSOR")


async def test_a_conversation_is_renamed_and_hidden(talk: Talk) -> None:
    chat = await talk.begin()
    path = f"{BASE}/{chat}"
    assert (
        await talk.functions.call(rename, "PATCH", path, user=talk.user, json={"title": "이사"})
    ).status_code == 204
    assert (await talk.messages(chat))["title"] == "이사"
    assert (await talk.functions.call(delete, "DELETE", path, user=talk.user)).status_code == 204
    assert (await talk.page())["chats"] == []
    for function, method in ((detail, "GET"), (delete, "DELETE")):
        assert (await talk.functions.call(function, method, path, user=talk.user)).status_code == 404


async def test_anothers_conversation_is_as_unknown_as_none(talk: Talk) -> None:
    chat = await talk.begin()
    stranger = talk.stranger()
    for id in (chat, NOBODYS, "nonsense"):
        for function, method, body in (
            (detail, "GET", None),
            (delete, "DELETE", None),
            (rename, "PATCH", {"title": "x"}),
        ):
            answer = await talk.functions.call(
                function, method, f"{BASE}/{id}", user=stranger.user, json=body
            )
            assert answer.status_code == 404
    assert (await stranger.send(chat, {"message": "안녕"})).json()["code"] == "CHAT_NOT_FOUND"
    assert (await stranger.page())["chats"] == []


@pytest.mark.parametrize("title", ["\u3164", "\u200b", "a\u202eb", "a\nb"])
async def test_a_title_can_be_seen_and_reads_in_one_direction(talk: Talk, title: str) -> None:
    chat = await talk.begin()
    for function, method, path in ((create, "POST", BASE), (rename, "PATCH", f"{BASE}/{chat}")):
        answer = await talk.functions.call(function, method, path, user=talk.user, json={"title": title})
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")


async def test_a_message_of_nothing_visible_is_none(talk: Talk) -> None:
    answer = await talk.send(await talk.begin(), {"message": " \u3164\u200b"})
    assert (answer.status_code, answer.json()["code"]) == (400, "MESSAGE_REQUIRED")
