"""Accounts come from events, in whatever order and however often these come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import psycopg
import pytest

from functions.auth.events import SessionOpened, UserDeleted, UserRegistered
from functions.users.characters.func import characters
from functions.users.forget.func import forget
from functions.users.me.func import me
from functions.users.register.func import register
from functions.users.seen.func import seen
from tests.functions.asgi_client import Functions

ALICE = "6f1c0000-0000-4000-8000-000000000001"
BOB = "6f1c0000-0000-4000-8000-000000000002"
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
PATH = "/api/v1/users/me"


def registered(user_id: str = ALICE, name: str = "앨리스", **changed: Any) -> UserRegistered:
    fields: dict[str, Any] = {
        "provider": "kakao",
        "provider_user_id": name,
        "username": name,
        "at": AT,
    } | changed
    return UserRegistered(user_id=user_id, **fields)


async def account(functions: Functions, user: str = ALICE) -> Any:
    answer = await functions.call(me, "GET", PATH, user=user, provider="kakao")
    assert answer.status_code == 200
    return answer.json()


async def test_a_registered_user_is_who_the_provider_says(functions: Functions) -> None:
    picture = "https://k.example/alice.png"
    event = registered(email="alice@example.com", profile_image_url=picture)
    assert (await functions.deliver(register, event)).status_code == 204
    assert await account(functions) == {
        "id": ALICE,
        "username": "앨리스",
        "display_name": "앨리스",
        "nickname": "앨리스",
        "email": "alice@example.com",
        "phone_number": None,
        "profile_image_url": picture,
        "provider": "kakao",
        "last_login_at": "2026-03-01T09:00:00Z",
        "created_at": "2026-03-01T09:00:00Z",
    }


async def test_a_user_whose_event_has_not_come_has_an_account_that_the_event_completes(
    functions: Functions,
) -> None:
    early = await account(functions)
    assert early["id"] == ALICE
    assert early["username"]
    assert early["nickname"]
    assert early["provider"] == "kakao"
    await functions.deliver(register, registered())
    late = await account(functions)
    assert (late["username"], late["nickname"], late["created_at"]) == (
        "앨리스",
        "앨리스",
        "2026-03-01T09:00:00Z",
    )


async def test_a_first_login_is_whole_before_its_event_has_come(
    functions: Functions, postgres_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute(
            "INSERT INTO auth.identities VALUES ('kakao', '앨리스', %s, %s, %s, '앨리스', 'alice@example.com', NULL)",
            (ALICE, AT, AT),
        )
    early = await account(functions)
    assert (early["username"], early["nickname"], early["email"]) == ("앨리스", "앨리스", "alice@example.com")
    owned = await functions.call(characters, "GET", f"{PATH}/characters", user=ALICE)
    assert [each["name"] for each in owned.json()] == ["이코"]
    await functions.deliver(register, registered(email="alice@example.com"))
    assert await account(functions) == early


async def test_a_nickname_that_the_user_chose_stays(functions: Functions, postgres_url: str) -> None:
    await account(functions)
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("UPDATE users.accounts SET nickname = '숲지기'")
    await functions.deliver(register, registered())
    found = await account(functions)
    assert (found["username"], found["nickname"], found["display_name"]) == ("앨리스", "숲지기", "숲지기")


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_any_order_and_repetition_of_sign_ins_ends_equal(
    functions: Functions, order: tuple[int, ...]
) -> None:
    await functions.deliver(register, registered())
    times = [AT + timedelta(hours=hour) for hour in range(3)]
    for index in (*order, *order):
        event = SessionOpened(user_id=ALICE, provider="kakao", at=times[index])
        assert (await functions.deliver(seen, event)).status_code == 204
        assert (await functions.deliver(register, registered())).status_code == 204
    assert (await account(functions))["last_login_at"] == "2026-03-01T11:00:00Z"


async def test_two_users_see_their_own_account_each(functions: Functions) -> None:
    await functions.deliver(register, registered())
    await functions.deliver(register, registered(BOB, "밥"))
    assert (await account(functions))["username"] == "앨리스"
    assert (await account(functions, BOB))["username"] == "밥"


@pytest.mark.parametrize("with_event", [False, True])
async def test_a_new_user_owns_the_default_character(functions: Functions, with_event: bool) -> None:
    if with_event:
        await functions.deliver(register, registered())
    answer = await functions.call(characters, "GET", f"{PATH}/characters", user=ALICE)
    assert [(owned["code"], owned["name"]) for owned in answer.json()] == [("char-eco", "이코")]
    await functions.deliver(register, registered())
    again = await functions.call(characters, "GET", f"{PATH}/characters", user=ALICE)
    assert again.json() == answer.json()


@pytest.mark.parametrize(("function", "path"), [(me, PATH), (characters, f"{PATH}/characters")])
async def test_without_login_it_is_401(functions: Functions, function: Any, path: str) -> None:
    answer = await functions.call(function, "GET", path)
    assert (answer.status_code, answer.json()["code"]) == (401, "LOGIN_REQUIRED")


async def test_of_a_user_who_is_gone_nothing_is_left_and_others_stay(
    functions: Functions, postgres_url: str
) -> None:
    await functions.deliver(register, registered())
    await functions.deliver(register, registered(BOB, "밥"))
    for _ in range(2):
        assert (await functions.deliver(forget, UserDeleted(user_id=ALICE, at=AT))).status_code == 204
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        for table, column in (
            ("accounts", "id"),
            ("social_accounts", "user_id"),
            ("user_characters", "user_id"),
        ):
            found = await connection.execute(f"SELECT DISTINCT {column}::text FROM users.{table}".encode())
            assert await found.fetchall() == [(BOB,)]
