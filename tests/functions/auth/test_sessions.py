"""Signing in, renewing and ending a login, as a browser does it."""

from __future__ import annotations

import asyncio
import json
from http.cookies import SimpleCookie
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner

from cli.main import main
from functions.auth.authorize.func import authorize
from functions.auth.issuing import Issuing
from functions.auth.local_login.func import local_login
from functions.auth.logout.func import logout
from functions.auth.outgoing import AuthOutgoing
from functions.auth.refresh.func import refresh
from functions.auth.relay.func import relay
from functions.ops.events import SweepRequested
from tests.functions.asgi_client import Functions, Sink
from tests.functions.auth.conftest import until

LOGIN, REFRESH, LOGOUT = (f"/api/v1/auth/{path}" for path in ("local/login", "refresh", "logout"))


async def sign_in(functions: Functions, name: str = "앨리스", **headers: str) -> httpx.Response:
    return await functions.call(local_login, "GET", LOGIN, params={"name": name}, headers=headers)


def cookies(answer: httpx.Response) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return {name: morsel.value for name, morsel in jar.items()}


def sent(tokens: dict[str, str]) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in tokens.items())}


async def renew(functions: Functions, tokens: dict[str, str]) -> httpx.Response:
    return await functions.call(refresh, "POST", REFRESH, headers=sent(tokens))


async def identity(functions: Functions, tokens: dict[str, str]) -> Any:
    answer = await functions.call(authorize, "GET", "/api/v1/users/me", headers=sent(tokens))
    return answer.headers.get("x-user-id") if answer.status_code == 200 else answer.status_code


async def refused(functions: Functions, tokens: dict[str, str]) -> None:
    """Wait until the access token opens nothing any more."""

    async def holds() -> bool:
        return bool(await identity(functions, tokens) == 401)

    await until(holds, "the access token is refused")


async def rows(postgres_url: str, sql: str) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        return await (await connection.execute(sql.encode())).fetchall()


def attributes(line: str) -> dict[str, str]:
    """Of a Set-Cookie line, in lower case; a client reads them in any case and order (RFC 6265, 5.2)."""
    parts = (part.strip().lower().partition("=") for part in line.split(";")[1:])
    return {name: value for name, _, value in parts}


async def test_signing_in_sets_both_cookies_and_goes_home(functions: Functions) -> None:
    answer = await sign_in(functions)
    assert (answer.status_code, answer.headers["location"]) == (302, "/#/home")
    lines = answer.headers.get_list("set-cookie")
    assert [line.partition("=")[0] for line in lines] == ["s_access", "s_refresh"]
    assert [attributes(line) for line in lines] == [
        {"max-age": str(age), "path": "/", "httponly": "", "samesite": "lax"} for age in (1800, 1_209_600)
    ]
    assert await identity(functions, cookies(answer)) not in (401, None)


async def test_the_same_name_is_the_same_user_and_another_name_is_not(functions: Functions) -> None:
    first, again, other = [cookies(await sign_in(functions, name)) for name in ("앨리스", "앨리스", "밥")]
    assert await identity(functions, first) == await identity(functions, again)
    assert await identity(functions, first) != await identity(functions, other)


async def test_two_first_logins_at_once_are_one_user_told_once(functions: Functions, sink: Sink) -> None:
    answers = await asyncio.gather(*(sign_in(functions) for _ in range(8)))
    assert len({await identity(functions, cookies(answer)) for answer in answers}) == 1
    types = sorted(event.type for event in sink.events)
    assert types == ["eco2.auth.session.opened"] * 7 + ["eco2.user.registered"]


async def test_a_first_login_tells_who_registered_and_a_later_one_that_they_came_back(
    functions: Functions, sink: Sink
) -> None:
    user = await identity(functions, cookies(await sign_in(functions)))
    await sign_in(functions)
    registered, opened = sink.events
    assert (registered.type, opened.type) == ("eco2.user.registered", "eco2.auth.session.opened")
    assert registered.subject == opened.subject == registered.extensions["userid"] == user
    data = registered.json()
    assert (data["user_id"], data["provider"], data["username"]) == (user, "local", "앨리스")


async def test_a_broker_that_is_down_costs_no_login_and_no_event(functions: Functions, sink: Sink) -> None:
    sink.refusing = True
    assert (await sign_in(functions)).status_code == 302
    assert sink.events == []
    sink.refusing = False
    outgoing = await functions.resources.get(AuthOutgoing)
    assert await outgoing.relay(grace_s=0) == 1
    assert [event.type for event in sink.events] == ["eco2.user.registered"]
    assert (await functions.deliver(relay, SweepRequested())).status_code == 204
    assert len(sink.events) == 1


async def test_a_login_is_audited(functions: Functions, postgres_url: str) -> None:
    answer = await sign_in(
        functions, **{"x-forwarded-for": "203.0.113.7, 10.0.0.1", "user-agent": "eco2-tests"}
    )
    user = await identity(functions, cookies(answer))
    found = await rows(postgres_url, "SELECT user_id::text, provider, ip, user_agent FROM auth.login_audits")
    assert found == [(user, "local", "203.0.113.7", "eco2-tests")]


async def test_development_sign_in_does_not_exist_elsewhere(configured: dict[str, str]) -> None:
    functions = Functions(configured | {"ECO2_ENV": "production"})
    answer = await sign_in(functions)
    assert (answer.status_code, answer.json()["code"]) == (404, "ROUTE_NOT_FOUND")
    assert "set-cookie" not in answer.headers
    await functions.close()


@pytest.mark.parametrize("name", ["", "  ", "x" * 51, "a\0b", "a\nb", "a\u202eb"])
async def test_a_name_that_is_none_is_422(functions: Functions, name: str) -> None:
    answer = await sign_in(functions, name)
    code = "VALIDATION_FAILED" if "\0" in name else "NAME_INVALID"
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:5173", 302),
        ("http://127.0.0.1:8080", 302),
        ("http://[::1]:5173", 302),
        ("https://eco2.example", 302),
        ("https://dev.eco2.example/", 302),
        ("https://evil.example", 400),
        ("https://eco2.example.evil.example", 400),
        ("https://eco2.example@evil.example", 400),
        ("http://localhost@evil.example", 400),
        ("http://localhost:80@evil.example", 400),
        ("http://localhost\\@evil.example", 400),
        ("http://localhost.evil.example", 400),
        ("http://evil.localhost:5173", 400),
        ("http://127.0.0.2:5173", 400),
        ("http://localhost:5173/path", 400),
        ("http://localhost:5173\n", 400),
        ("//evil.example", 400),
        ("javascript:alert(1)", 400),
        ("null", 400),
    ],
)
async def test_sign_in_returns_to_known_origins_only(functions: Functions, origin: str, status: int) -> None:
    answer = await functions.call(local_login, "GET", LOGIN, params={"name": "a", "frontend_origin": origin})
    assert answer.status_code == status
    if status == 302:
        assert answer.headers["location"] == f"{origin.rstrip('/')}/#/home"
    else:
        assert answer.json()["code"] == "INVALID_REDIRECT"
        assert "set-cookie" not in answer.headers


async def test_renewing_rotates_both_tokens_and_keeps_the_user(functions: Functions) -> None:
    before = cookies(await sign_in(functions))
    answer = await renew(functions, before)
    assert (answer.status_code, answer.json()) == (201, None)
    after = cookies(answer)
    assert set(after) == {"s_access", "s_refresh"}
    assert after["s_refresh"] != before["s_refresh"]
    assert await identity(functions, after) == await identity(functions, before)
    assert (await renew(functions, after)).status_code == 201


async def test_a_refresh_token_in_a_header_is_taken(functions: Functions) -> None:
    tokens = cookies(await sign_in(functions))
    headers = {"x-refresh-token": f"Bearer {tokens['s_refresh']}"}
    assert (await functions.call(refresh, "POST", REFRESH, headers=headers)).status_code == 201


async def test_a_refresh_token_used_twice_ends_the_login(functions: Functions, postgres_url: str) -> None:
    stolen = cookies(await sign_in(functions))
    other_device = cookies(await sign_in(functions))
    renewed = cookies(await renew(functions, stolen))
    again = await renew(functions, stolen)
    assert (again.status_code, again.json()["code"]) == (401, "TOKEN_REVOKED")
    assert "set-cookie" not in again.headers
    assert (await renew(functions, renewed)).status_code == 401
    await refused(functions, renewed)
    assert (await renew(functions, other_device)).status_code == 201
    assert await rows(postgres_url, "SELECT ended_by FROM auth.sessions WHERE ended_at IS NOT NULL") == [
        ("reuse",)
    ]


async def test_reuse_is_noticed_by_another_process_as_well(
    functions: Functions, configured: dict[str, str]
) -> None:
    elsewhere = Functions(configured)
    stolen = cookies(await sign_in(functions))
    renewed = cookies(await renew(functions, stolen))
    assert (await renew(elsewhere, stolen)).status_code == 401
    assert (await renew(functions, renewed)).status_code == 401
    await elsewhere.close()


async def test_of_two_refresh_cookies_the_one_that_works_renews(
    functions: Functions, postgres_url: str
) -> None:
    used = cookies(await sign_in(functions))
    current = cookies(await renew(functions, used))
    for old in (used["s_refresh"], "a.b.c"):
        line = f"s_refresh={old}; s_refresh={current['s_refresh']}"
        answer = await functions.call(refresh, "POST", REFRESH, headers={"cookie": line})
        assert answer.status_code == 201
        current = cookies(answer)
    assert await rows(postgres_url, "SELECT ended_by FROM auth.sessions") == [(None,)]


async def test_logging_out_with_cookies_of_two_logins_ends_both(functions: Functions) -> None:
    first, second = [cookies(await sign_in(functions)) for _ in range(2)]
    line = "; ".join(f"{name}={tokens[name]}" for tokens in (first, second) for name in tokens)
    await functions.call(logout, "POST", LOGOUT, headers={"cookie": line})
    for tokens in (first, second):
        assert (await renew(functions, tokens)).status_code == 401


async def test_of_many_uses_at_once_at_most_one_succeeds(functions: Functions) -> None:
    tokens = cookies(await sign_in(functions))
    answers = await asyncio.gather(*(renew(functions, tokens) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers)[1:] == [401] * 5


async def test_only_a_refresh_token_of_ours_renews(functions: Functions) -> None:
    tokens = cookies(await sign_in(functions))
    for text, code in (
        (tokens["s_access"], "TOKEN_INVALID"),
        ("a.b.c", "TOKEN_INVALID"),
        ("", "LOGIN_REQUIRED"),
    ):
        answer = await renew(functions, {"s_refresh": text})
        assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_a_session_that_is_unknown_renews_nothing(functions: Functions, issuing: Issuing) -> None:
    text, _ = issuing.issue(
        "refresh", "6f1c0000-0000-4000-8000-000000000001", "local", "6f1c0000-0000-4000-8000-00000000000a"
    )
    assert (await renew(functions, {"s_refresh": text})).status_code == 401


async def test_logging_out_ends_the_login_and_removes_the_cookies(
    functions: Functions, postgres_url: str
) -> None:
    tokens = cookies(await sign_in(functions))
    other_device = cookies(await sign_in(functions))
    answer = await functions.call(logout, "POST", LOGOUT, headers=sent(tokens))
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert answer.json()["data"]["message"]
    assert cookies(answer) == {"s_access": "", "s_refresh": ""}
    assert all("Max-Age=0" in line for line in answer.headers.get_list("set-cookie"))
    await refused(functions, tokens)
    assert (await renew(functions, tokens)).status_code == 401
    assert await identity(functions, other_device) != 401
    assert await rows(postgres_url, "SELECT ended_by FROM auth.sessions WHERE ended_at IS NOT NULL") == [
        ("logout",)
    ]


@pytest.mark.parametrize("kind", ["s_access", "s_refresh"])
async def test_one_good_token_is_enough_to_log_out(functions: Functions, kind: str) -> None:
    tokens = cookies(await sign_in(functions))
    await functions.call(logout, "POST", LOGOUT, headers=sent({kind: tokens[kind]}))
    assert (await renew(functions, tokens)).status_code == 401


@pytest.mark.parametrize("header", ["", "s_access=a.b.c; s_refresh=...", "s_access=é; s_refresh=x", "=;;="])
async def test_logging_out_never_fails_on_bad_tokens(functions: Functions, header: str) -> None:
    headers = {b"cookie": header.encode("latin-1")}
    answer = await functions.call(logout, "POST", LOGOUT, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["success"]) == (200, True)


async def test_outside_of_development_cookies_are_secure(configured: dict[str, str]) -> None:
    functions = Functions(configured | {"ECO2_ENV": "production", "ECO2_COOKIE_DOMAIN": "eco2.example"})
    answer = await functions.call(logout, "POST", LOGOUT)
    for line in answer.headers.get_list("set-cookie"):
        removed = {"max-age": "0", "path": "/", "httponly": "", "samesite": "lax"}
        assert attributes(line) == removed | {"domain": "eco2.example", "secure": ""}
    await functions.close()


async def test_a_login_that_is_renewed_has_an_end_all_the_same(
    functions: Functions, postgres_url: str
) -> None:
    tokens = cookies(await sign_in(functions))
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("UPDATE auth.sessions SET issued_at = now() - interval '179 days 23 hours'")
    tokens = cookies(await renew(functions, tokens))
    left = "SELECT extract(epoch FROM expires_at - now())::int FROM auth.sessions"
    assert await rows(postgres_url, left) in ([(3599,)], [(3600,)])
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute("UPDATE auth.sessions SET expires_at = now()")
    answer = await renew(functions, tokens)
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_EXPIRED")
    assert await rows(postgres_url, "SELECT ended_by FROM auth.sessions") == [(None,)], "nobody stole it"


async def test_operators_see_where_somebody_is_signed_in_and_end_it(
    functions: Functions, postgres_url: str
) -> None:
    headers = {"user-agent": "eco2-tests"}
    here = cookies(await sign_in(functions, **headers))
    there = cookies(
        await functions.call(
            local_login, "GET", LOGIN, params={"name": "앨리스", "device_id": "전화"}, headers=headers
        )
    )
    other = cookies(await sign_in(functions, "밥"))
    user = await identity(functions, here)

    async def eco2(*arguments: str) -> str:
        where = [user, "--database", postgres_url]
        shown = await asyncio.to_thread(CliRunner().invoke, main, ["logins", *arguments, *where])
        assert shown.exit_code == 0, shown.output
        return str(shown.output)

    told = json.loads(await eco2("list", "--json"))
    assert [(one["device_id"], one["user_agent"]) for one in told] == [
        ("전화", "eco2-tests"),
        (None, "eco2-tests"),
    ]
    assert "전화" in await eco2("list")
    assert await eco2("end") == "ended 2 logins\n"
    assert json.loads(await eco2("end", "--json")) == {"user": user, "ended": 0}
    assert "not signed in anywhere" in await eco2("list")
    for tokens in (here, there):
        await refused(functions, tokens)
        assert (await renew(functions, tokens)).status_code == 401
    assert await identity(functions, other) != 401
