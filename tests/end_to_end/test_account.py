"""An account takes everything along when it goes: what is told of it before, and what is left of it after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from schemas.leftovers import leftovers
from tests.end_to_end.client import User
from tests.end_to_end.platform import Platform, running

ME, CHAT = "/api/v1/users/me", "/api/v1/chat"
PHONE = "010-2345-6789"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(processes=1) as started:
        yield started


async def ok(user: User, method: str, path: str, **rest: Any) -> Any:
    answer = await user.ask(method, path, **rest)
    assert 200 <= answer.status < 300, answer
    return answer.json() if answer.body else None


async def live(user: User, platform: Platform) -> str:
    """Do everything that leaves something behind; the id of the scan."""
    await ok(user, "GET", ME)
    await ok(user, "GET", f"{ME}/characters")
    picture = await user.upload()
    job = await user.submit(picture, user_input="이건 어떻게 버려요?")
    chat = await ok(user, "POST", CHAT)
    await ok(user, "POST", f"{CHAT}/{chat['id']}/messages", json={"message": "우유팩은 어디에 버려?"})

    async def settled() -> bool:
        return platform.rows("SELECT count(*) FROM chat.turns WHERE status IN ('active', 'waiting')") == [
            (0,)
        ]

    await platform.until("the chat has answered", settled)
    await platform.settled()
    return job


def kept(platform: Platform, user_id: str) -> dict[str, int]:
    """What is held of a user, without events on their way."""
    found = leftovers(platform.state["database"], user_id)
    return {table: rows for table, rows in found.items() if not table.endswith((".outbox", ".journal"))}


async def test_an_export_has_everything_and_a_deletion_leaves_nothing(platform: Platform, user: User) -> None:
    async with User.signed_in(platform.url, f"옆집 {uuid4()}") as other:
        job, others = await live(user, platform), await live(other, platform)
        await ok(user, "PATCH", ME, json={"phone_number": PHONE})
        before = await user.ask("GET", f"{ME}/export")
        assert before.headers["content-type"] == "application/json"
        told = before.json()
        assert told["account"][0]["phone_number"] == PHONE
        assert [scan["id"] for scan in told["scans"]] == [job]
        assert {stage["stage"] for stage in told["scan_stages"]} >= {"vision", "rule", "answer"}
        assert "우유팩은 어디에 버려?" in [message["content"] for message in told["chat_messages"]]
        assert [picture["channel"] for picture in told["pictures"]] == ["scan"]
        for name in ("identities", "sessions", "sign_ins", "social_accounts", "characters", "chats"):
            assert told[name], name
        held = json.dumps(told)
        assert "refresh_jti" not in held
        assert others not in held

        mine, theirs = told["user_id"], (await ok(other, "GET", ME))["id"]
        assert len(leftovers(platform.state["database"], mine)) > 8, "the search finds what is there"
        untouched = kept(platform, theirs)
        access = dict(user.cookies)
        assert (await user.ask("DELETE", ME)).status == 204
        user.cookies = access

        async def refused() -> bool:
            return (await user.ask("GET", ME)).status == 401

        await platform.until("the access token opens nothing", refused)
        assert (await user.ask("POST", "/api/v1/auth/refresh")).status == 401
        assert (await user.ask("POST", "/api/v1/auth/logout")).status == 200

        async def only_the_deletion() -> bool:
            return leftovers(platform.state["database"], mine) == {"auth.deletions": 1}

        await platform.until("no row of the user is left", only_the_deletion)
        assert kept(platform, theirs) == untouched
        assert (await other.result(others)).json()["status"] == "completed"
