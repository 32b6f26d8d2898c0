"""An account that is deleted has no login left, and everybody is told until nothing can be on its way."""

from __future__ import annotations

import psycopg
import pytest

from functions.auth import logins as known
from functions.auth.delete_account.func import delete_account
from functions.auth.deletions import AGAIN_S
from functions.auth.forget.func import forget
from functions.auth.local_login.func import local_login
from functions.auth.relay.func import relay
from functions.ops.events import SweepRequested
from schemas.leftovers import leftovers
from tests.functions.asgi_client import Functions, Sink
from tests.functions.auth.conftest import until
from tests.functions.auth.test_sessions import LOGIN, cookies, identity, refused, renew

ME = "/api/v1/users/me"


async def sign_in(functions: Functions, name: str = "앨리스") -> dict[str, str]:
    return cookies(await functions.call(local_login, "GET", LOGIN, params={"name": name}))


async def test_a_deleted_account_has_no_login_and_no_row(
    functions: Functions, sink: Sink, postgres_url: str
) -> None:
    here, there, other = [await sign_in(functions, name) for name in ("앨리스", "앨리스", "밥")]
    alice, bob = await identity(functions, here), await identity(functions, other)
    answer = await functions.call(delete_account, "DELETE", ME, user=alice)
    assert answer.status_code == 204
    assert cookies(answer) == {"s_access": "", "s_refresh": ""}
    for login in (here, there):
        await refused(functions, login)
        assert (await renew(functions, login)).status_code == 401
    assert await identity(functions, other) == bob
    (told,) = [event for event in sink.events if event.type == "eco2.user.deleted"]
    assert (told.subject, told.json()["user_id"]) == (alice, alice)

    async def only_the_deletion() -> bool:
        return leftovers(postgres_url, alice) == {"auth.deletions": 1}

    await until(only_the_deletion, "nothing else names the user")
    assert set(leftovers(postgres_url, bob)) >= {"auth.identities", "auth.sessions", "auth.login_audits"}


async def test_who_comes_back_is_somebody_new(functions: Functions) -> None:
    before = await identity(functions, await sign_in(functions))
    await functions.call(delete_account, "DELETE", ME, user=before)
    after = await identity(functions, await sign_in(functions))
    assert after not in (before, 401, 503)


async def test_asked_twice_it_is_told_once(functions: Functions, sink: Sink) -> None:
    alice = await identity(functions, await sign_in(functions))
    for _ in range(2):
        assert (await functions.call(delete_account, "DELETE", ME, user=alice)).status_code == 204
    assert [event.type for event in sink.events].count("eco2.user.deleted") == 1


async def test_everybody_is_told_again_as_time_goes_by_and_then_the_last_row_goes(
    functions: Functions, sink: Sink, postgres_url: str
) -> None:
    alice = await identity(functions, await sign_in(functions))
    await functions.call(delete_account, "DELETE", ME, user=alice)
    for number, age_s in enumerate((0.0, *AGAIN_S), start=1):
        async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
            await connection.execute(
                "UPDATE auth.deletions SET at = now() - make_interval(secs => %s)", (age_s + 1,)
            )
        for _ in range(2):
            await functions.deliver(relay, SweepRequested())
        told = [event for event in sink.events if event.type == "eco2.user.deleted"]
        assert len({event.id for event in told}) == len(told) == number
    assert "auth.deletions" not in leftovers(postgres_url, alice)


async def test_a_broker_that_is_down_hears_of_it_later(
    functions: Functions, sink: Sink, postgres_url: str
) -> None:
    login = await sign_in(functions)
    alice = await identity(functions, login)
    sink.refusing = True
    assert (await functions.call(delete_account, "DELETE", ME, user=alice)).status_code == 204
    await refused(functions, login)
    sink.refusing = False
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("UPDATE auth.outbox SET created_at = now() - interval '1 min'")
    await functions.deliver(relay, SweepRequested())
    assert "eco2.user.deleted" in [event.type for event in sink.events]


async def test_a_login_that_was_under_way_ends_with_the_event(functions: Functions, sink: Sink) -> None:
    alice = await identity(functions, await sign_in(functions))
    login = await sign_in(functions)
    await functions.call(delete_account, "DELETE", ME, user=alice)
    (told,) = [event for event in sink.events if event.type == "eco2.user.deleted"]
    assert (await functions.deliver(forget, told)).status_code == 204
    await refused(functions, login)


async def test_however_many_logins_there_are_none_is_left(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "MOST_TOLD", 1)
    logins = [await sign_in(functions) for _ in range(3)]
    await functions.call(delete_account, "DELETE", ME, user=await identity(functions, logins[0]))
    for login in logins:
        await refused(functions, login)
