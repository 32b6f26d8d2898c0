"""An ended login opens nothing in any process, whatever of broker, Redis and database is down meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from embedded.servers.valkey import Valkey
from eventing.catalogue import to_event
from eventing.cloudevent import CloudEvent
from functions.auth import revocations
from functions.auth.authorize.func import authorize
from functions.auth.blacklist import NEWS
from functions.auth.claims import Claims
from functions.auth.endings import Endings
from functions.auth.errors import TokenRevoked
from functions.auth.events import RevokedToken, TokensRevoked
from functions.auth.local_login.func import local_login
from functions.auth.logout.func import logout
from functions.auth.outgoing import AuthOutgoing
from functions.auth.revocations import Revocations
from functions.auth.revoke.func import revoke
from functions.auth.tokens import Tokens
from functions.runtime import Resources
from functions.runtime.database import Database
from functions.runtime.errors import Unavailable
from tests.functions.asgi_client import Functions, Sink
from tests.functions.auth.conftest import until
from tests.functions.auth.test_sessions import LOGIN, LOGOUT, cookies, identity, refused, sent
from tests.functions.contract import EventFunctionContract, Process

USER = "6f1c0000-0000-4000-8000-000000000001"


@pytest.fixture
async def another(configured: dict[str, str]) -> AsyncIterator[Functions]:
    """Another process that checks tokens."""
    functions = Functions(configured)
    yield functions
    await functions.close()


@pytest.fixture
async def own_valkey(tmp_path: Path) -> AsyncIterator[Valkey]:
    """A Valkey that a test may stop, and that forgets all by it."""
    server = Valkey(tmp_path / "valkey", persistent=False)
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


async def sign_in(functions: Functions) -> dict[str, str]:
    return cookies(await functions.call(local_login, "GET", LOGIN, params={"name": "앨리스"}))


async def log_out(functions: Functions, tokens: dict[str, str]) -> None:
    assert (await functions.call(logout, "POST", LOGOUT, headers=sent(tokens))).status_code == 200


def claims_of(tokens: Tokens, cookie: str) -> Claims:
    return tokens.verify(cookie, "access")


async def test_following_ends_though_redis_library_loses_the_cancellation(
    valkey_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As asyncio.wait_for of Python 3.11 does, by which it sends, when what it waits for is over at that moment."""
    redis, database, sending = AsyncRedis.from_url(valkey_url), Database(postgres_url, 1), asyncio.Event()
    connection = redis.connection_pool.connection_class
    send_command = connection.send_command

    async def forgetful(self: Any, *command: Any, **options: Any) -> None:
        await send_command(self, *command, **options)
        if not sending.is_set():
            sending.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(600)

    monkeypatch.setattr(connection, "send_command", forgetful)
    following = asyncio.create_task(Revocations(redis, database).follow())
    await sending.wait()
    following.cancel()
    ended, _ = await asyncio.wait([following], timeout=30)
    following.cancel()
    assert ended == {following}
    await redis.aclose()
    await database.close()


async def test_a_log_out_is_known_in_every_process_and_told_to_the_broker(
    functions: Functions, another: Functions, sink: Sink, tokens: Tokens, valkey_url: str
) -> None:
    signed_in = await sign_in(functions)
    assert await identity(another, signed_in) not in (401, 503)
    await log_out(functions, signed_in)
    await refused(another, signed_in)
    await refused(functions, signed_in)
    answer = await another.call(authorize, "GET", "/x", headers=sent(signed_in))
    assert answer.json()["code"] == "TOKEN_REVOKED"
    event = sink.events[-1]
    claims = claims_of(tokens, signed_in["s_access"])
    assert (event.type, event.subject) == ("eco2.auth.token.revoked", claims.session)
    assert {token["id"] for token in event.json()["tokens"]} >= {claims.id}
    assert len(event.json()["tokens"]) == 2
    with Redis.from_url(valkey_url) as redis:
        left_s = redis.ttl(f"blacklist:{claims.id}")
        assert 0 < left_s <= claims.expires_at - time.time() + 2
        assert redis.exists(f"blacklist:{claims.session}")


async def test_ended_again_it_is_told_once(functions: Functions, sink: Sink) -> None:
    signed_in = await sign_in(functions)
    await log_out(functions, signed_in)
    await log_out(functions, signed_in)
    assert [event.type for event in sink.events].count("eco2.auth.token.revoked") == 1


async def test_a_broker_that_is_down_delays_nothing_and_hears_of_it_later(
    functions: Functions, another: Functions, sink: Sink, tokens: Tokens
) -> None:
    signed_in = await sign_in(functions)
    sink.refusing = True
    await log_out(functions, signed_in)
    await refused(another, signed_in)
    sink.refusing = False
    await (await functions.resources.get(AuthOutgoing)).relay(grace_s=0)
    session = claims_of(tokens, signed_in["s_access"]).session
    assert [event.type for event in sink.events if event.subject == session] == ["eco2.auth.token.revoked"]


async def test_redis_that_is_down_lets_nothing_pass_and_hears_of_it_later(
    configured: dict[str, str], functions: Functions, sink: Sink, own_valkey: Valkey, tokens: Tokens
) -> None:
    settings = configured | {"ECO2_REDIS_AUTH_URL": own_valkey.url}
    here, there = Functions(settings), Functions(settings)
    first, second, other = [await sign_in(here) for _ in range(3)]
    assert [await identity(there, each) for each in (first, second)] != [401, 401]
    await log_out(here, first)
    await refused(there, first)
    await asyncio.to_thread(own_valkey.stop)
    await log_out(here, second)
    await refused(there, second)
    assert await identity(there, other) not in (401, 503), "others stay signed in"
    (told,) = [
        event for event in sink.events if event.subject == claims_of(tokens, second["s_access"]).session
    ]
    assert (await here.deliver(revoke, told)).status_code == 503, "the broker shall try again"
    await asyncio.to_thread(own_valkey.start)
    assert (await here.deliver(revoke, told)).status_code == 204
    await refused(there, first)
    with Redis.from_url(own_valkey.url) as redis:
        assert redis.exists(f"blacklist:{claims_of(tokens, second['s_access']).session}")
    third = await sign_in(here)
    await log_out(here, third)
    await refused(there, third)
    for each in (here, there):
        await each.close()


async def test_a_process_that_starts_afterwards_knows_although_redis_forgot(
    configured: dict[str, str], functions: Functions, valkey_url: str
) -> None:
    signed_in = await sign_in(functions)
    await log_out(functions, signed_in)
    with Redis.from_url(valkey_url) as redis:
        redis.flushall()
    young = Functions(configured)
    assert await identity(young, signed_in) == 401
    await young.close()


async def test_what_was_revoked_is_forgotten_when_it_has_expired_anyway(
    functions: Functions, postgres_url: str
) -> None:
    await log_out(functions, await sign_in(functions))
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("UPDATE auth.revocations SET expires_at = now() - interval '1 s'")
        await (await functions.resources.get(Endings)).forget()
        found = await connection.execute("SELECT count(*) FROM auth.revocations")
        assert await found.fetchone() == (0,)


def claims(session: str) -> Claims:
    return Claims("1", "access", USER, "local", session, 0, 0)


async def test_without_redis_and_database_nobody_is_let_in(valkey_url: str, tokens: Tokens) -> None:
    from redis.asyncio import Redis as Client

    nowhere = Database("postgresql://postgres@127.0.0.1:1/none", 1)
    followed = Revocations(Client.from_url("redis://127.0.0.1:1"), nowhere)
    following = asyncio.create_task(followed.follow())
    with pytest.raises(Unavailable):
        await followed.alive([claims("s")])
    following.cancel()
    await nowhere.close()


async def test_one_that_has_heard_of_neither_for_too_long_stops_answering(postgres_url: str) -> None:
    from redis.asyncio import Redis as Client

    clock = [1000.0]
    database = Database(postgres_url, 1)
    followed = Revocations(Client.from_url("redis://127.0.0.1:1"), database, lambda: clock[0])
    await followed._read()
    clock[0] += revocations.STALE_S
    assert (await followed.alive([claims("s")])).session == "s"
    clock[0] += 0.1
    with pytest.raises(Unavailable):
        await followed.alive([claims("s")])
    waiting = asyncio.create_task(followed.alive([claims("s")]))
    await asyncio.sleep(0)
    await followed._read()
    assert (await waiting).session == "s"
    await database.close()


async def test_of_several_logins_the_one_that_goes_on_counts(valkey_url: str, postgres_url: str) -> None:
    resources = Resources({"ECO2_DATABASE_URL": postgres_url, "ECO2_REDIS_AUTH_URL": valkey_url})
    followed = await resources.get(Revocations)
    await followed.alive([claims("other")])  # it follows
    await tell(valkey_url, "ended")

    async def known() -> bool:
        return "ended" in followed._until

    await until(known, "the news is heard")
    assert (await followed.alive([claims("ended"), claims("other")])).session == "other"
    with pytest.raises(TokenRevoked):
        await followed.alive([claims("ended")])
    await resources.close()


async def test_what_nobody_told_redis_of_is_read_from_the_table(valkey_url: str, postgres_url: str) -> None:
    resources = Resources({"ECO2_DATABASE_URL": postgres_url, "ECO2_REDIS_AUTH_URL": valkey_url})
    followed = await resources.get(Revocations)
    await followed.alive([claims("other")])  # it follows
    session = str(uuid4())
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute(
            "INSERT INTO auth.revocations (session, expires_at) VALUES (%s, now() + interval '1 min')",
            (session,),
        )

    async def known() -> bool:
        return session in followed._until

    await until(known, "the table is read")
    with Redis.from_url(valkey_url) as redis:
        assert session.encode() not in [fields[b"session"] for _, fields in redis.xrange(NEWS)]
    await resources.close()


async def test_memory_forgets_what_no_token_is_left_of(
    valkey_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "FORGET_EVERY_S", 0.0)
    resources = Resources({"ECO2_DATABASE_URL": postgres_url, "ECO2_REDIS_AUTH_URL": valkey_url})
    followed = await resources.get(Revocations)
    await followed.alive([claims("other")])  # it follows
    await tell(valkey_url, "over", until_s=-1)
    await tell(valkey_url, "kept")

    async def known() -> bool:
        return set(followed._until) == {"kept"}

    await until(known, "only what counts is remembered")
    await resources.close()


async def tell(valkey_url: str, session: str, until_s: float = 60) -> None:
    """News, as the blacklist gives it."""
    with Redis.from_url(valkey_url) as redis:
        redis.xadd(NEWS, {"session": session, "until": time.time() + until_s})


class TestRevoke(EventFunctionContract):
    name = "auth-revoke"

    @pytest.fixture
    async def process(self, postgres_url: str, valkey_url: str) -> AsyncIterator[Process]:
        resources = Resources({"ECO2_DATABASE_URL": postgres_url, "ECO2_REDIS_AUTH_URL": valkey_url})
        yield Process(self.function, resources)
        await resources.close()

    @pytest.fixture
    async def event(self) -> CloudEvent:
        in_a_minute: Any = time.time() + 60
        token = RevokedToken(id="jti", expires_at=in_a_minute)
        told = TokensRevoked(
            user_id=USER, session="sid", expires_at=in_a_minute, reason="logout", tokens=(token,)
        )
        return to_event(told, source="/eco2/tests", id="1", subject="sid", userid="u1")
