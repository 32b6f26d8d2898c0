"""Signing in with Google, Kakao and Naver: the real client against a server that speaks their wire formats."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from redis import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from embedded.identity.app import OurClient, application
from functions.auth import arrival, oauth_client
from functions.auth.authorization.func import authorization
from functions.auth.authorize.func import authorize
from functions.auth.identity_providers import PROFILES
from functions.auth.settings import ProviderName
from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions, Sink
from tests.functions.auth.browser import API, ORIGIN, Browser, query_of

CLIENT = OurClient("eco2-local", "s3cret")
PROVIDERS = ("google", "kakao", "naver")


def pointed_at(url: str) -> dict[str, str]:
    """Settings of all providers at a server."""
    found: dict[str, str] = {}
    for name in PROVIDERS:
        prefix = f"ECO2_OAUTH_{name.upper()}"
        found |= {
            f"{prefix}_{part.upper()}_URL": f"{url}/{name}/{part}"
            for part in ("authorize", "token", "userinfo")
        }
        found |= {f"{prefix}_CLIENT_ID": CLIENT.id, f"{prefix}_CLIENT_SECRET": CLIENT.secret}
    return found


@pytest.fixture
async def without_database(valkey_url: str, key_folder: Path) -> AsyncIterator[dict[str, str]]:
    """Local development with the local identity provider, as far as nobody has signed in."""
    common = {"ECO2_ENV": "local", "ECO2_SIGNING_KEYS": str(key_folder), "ECO2_REDIS_STATE_URL": valkey_url}
    async with serving(application(CLIENT)) as port:
        yield common | pointed_at(f"http://127.0.0.1:{port}")


@pytest.fixture
def oauth_configured(configured: dict[str, str], without_database: dict[str, str]) -> dict[str, str]:
    """All of it."""
    return without_database | configured


@pytest.fixture
async def functions(
    oauth_configured: dict[str, str], sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Functions]:
    async with serving(sink) as port:
        monkeypatch.setenv("K_SINK", f"http://127.0.0.1:{port}")
        functions = Functions(oauth_configured)
        yield functions
        await functions.close()


@pytest.fixture
def browser(functions: Functions) -> Browser:
    return Browser(functions)


def failed(answer: httpx.Response, frontend: str = ORIGIN) -> bool:
    """Whether an answer is the one for every failure."""
    where = (answer.status_code, answer.headers["location"])
    return where == (307, f"{frontend}/#/login?error=oauth_failed") and "set-cookie" not in answer.headers


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_first_login_on_an_empty_database_ends_at_home_with_both_cookies(
    browser: Browser, sink: Sink, postgres_url: str, provider: str
) -> None:
    begun = await browser.begin(provider, device_id="phone-1")
    assert (begun.status_code, begun.json()["success"]) == (200, True)
    data = begun.json()["data"]
    assert data["provider"] == provider
    back = await browser.choose(data["authorization_url"], person="minji")
    answer = await browser.come_back(
        provider, back, **{"x-forwarded-for": "203.0.113.7", "user-agent": "eco2-tests"}
    )
    assert (answer.status_code, answer.headers["location"]) == (302, f"{ORIGIN}/#/home")
    assert [line.partition("=")[0] for line in answer.headers.get_list("set-cookie")] == [
        "s_access",
        "s_refresh",
    ]
    who = await browser.functions.call(
        authorize, "GET", "/x", headers={"cookie": f"s_access={browser.cookies['s_access']}"}
    )
    assert who.headers["x-auth-provider"] == provider
    (registered,) = sink.events
    told = registered.json()
    assert (told["provider"], told["username"], told["email"]) == (provider, "민지", "minji@example.com")
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        found = await connection.execute("SELECT provider, device_id, user_agent FROM auth.sessions")
        assert await found.fetchall() == [(provider, "phone-1", "eco2-tests")]
        found = await connection.execute("SELECT user_id::text, ip, user_agent FROM auth.login_audits")
        assert await found.fetchall() == [(who.headers["x-user-id"], "203.0.113.7", "eco2-tests")]


async def test_the_same_person_is_the_same_user_and_at_another_provider_another(
    browser: Browser, sink: Sink
) -> None:
    for provider in ("google", "google", "kakao"):
        assert (await browser.sign_in(provider)).status_code == 302
    assert [event.type for event in sink.events] == [
        "eco2.user.registered",
        "eco2.auth.session.opened",
        "eco2.user.registered",
    ]


async def test_a_person_without_an_address_signs_in(browser: Browser, sink: Sink) -> None:
    for provider in PROVIDERS:
        assert (await browser.sign_in(provider, "seoyeon")).status_code == 302
    assert [event.json()["email"] for event in sink.events] == [None] * 3


@pytest.mark.parametrize(("provider", "pkce"), [("google", True), ("kakao", True), ("naver", False)])
async def test_the_address_asks_as_the_provider_wants(browser: Browser, provider: str, pkce: bool) -> None:
    data = (await browser.begin(provider)).json()["data"]
    query = query_of(data["authorization_url"])
    assert query["client_id"] == CLIENT.id
    assert query["redirect_uri"] == f"{API}/api/v1/auth/{provider}/callback"
    assert (query["response_type"], query["state"]) == ("code", data["state"])
    assert len(data["state"]) == 43
    assert ("code_challenge" in query) is (query.get("code_challenge_method") == "S256") is pkce
    assert query.get("scope") == ("openid email profile" if provider == "google" else None)


@pytest.mark.parametrize("path", ["/api/v1/auth/kakao/login", "/api/v1/auth/kakao"])
async def test_both_paths_of_the_login_answer_alike(functions: Functions, path: str) -> None:
    from functions.auth.login.func import login

    answer = await functions.call(login, "GET", path, headers={"host": "127.0.0.1:8080"})
    assert set(answer.json()["data"]) == {"provider", "state", "authorization_url", "expires_at"}
    assert answer.headers["cache-control"] == "no-store"


async def test_the_plain_address_has_no_envelope(functions: Functions) -> None:
    headers = {"x-forwarded-host": "localhost:8080"}
    answer = await functions.call(authorization, "GET", "/api/v1/auth/google/authorize", headers=headers)
    assert set(answer.json()) == {"authorization_url", "state"}
    query = query_of(answer.json()["authorization_url"])
    assert query["redirect_uri"] == "http://localhost:8080/api/v1/auth/google/callback"


async def test_the_state_works_once_for_ten_minutes(browser: Browser, valkey_url: str) -> None:
    begun = await browser.begin("google")
    with Redis.from_url(valkey_url) as redis:
        (key,) = redis.keys("oauth:state:*")
        assert 590 <= redis.ttl(key) <= 600
    back = await browser.choose(begun.json()["data"]["authorization_url"], person="minji")
    answers = await asyncio.gather(*(browser.come_back("google", back) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [302, 307, 307, 307]
    with Redis.from_url(valkey_url) as redis:
        assert redis.keys("*") == []


async def test_only_the_browser_that_began_comes_back(browser: Browser, functions: Functions) -> None:
    begun = await browser.begin("google")
    (line,) = begun.headers.get_list("set-cookie")
    assert line.startswith("s_oauth=")
    assert "HttpOnly" in line
    assert "Max-Age=600; Path=/api/v1/auth; SameSite=lax" in line
    back = await browser.choose(begun.json()["data"]["authorization_url"], person="minji")
    other = Browser(functions)
    await other.begin("google")
    assert failed(await other.come_back("google", back))
    assert failed(await browser.come_back("google", back), ""), "the state is used up by the attempt"


async def test_two_tabs_of_one_browser_both_sign_in(browser: Browser) -> None:
    first, second = await browser.begin("google"), await browser.begin("kakao")
    for provider, begun in (("google", first), ("kakao", second)):
        back = await browser.choose(begun.json()["data"]["authorization_url"], person="junho")
        assert (await browser.come_back(provider, back)).status_code == 302


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"code": "x"},
        {"state": "x", "code": "x"},
        {"state": "x" * 200, "code": "x"},
        {"state": "\0", "code": "x"},
        {"error": "access_denied"},
    ],
)
async def test_without_a_state_of_ours_it_fails_without_cookies(
    browser: Browser, query: dict[str, str]
) -> None:
    assert failed(await browser.come_back("google", query), "")


@pytest.mark.parametrize("query", [{"error": "access_denied"}, {"code": "made-up"}, {"code": "x" * 3000}])
async def test_a_refusal_or_a_bad_code_fails_at_the_front_end_it_came_from(
    browser: Browser, query: dict[str, str]
) -> None:
    state = (await browser.begin("kakao")).json()["data"]["state"]
    assert failed(await browser.come_back("kakao", query | {"state": state}))


async def test_a_state_of_one_provider_is_none_of_another(browser: Browser) -> None:
    begun = await browser.begin("google")
    back = await browser.choose(begun.json()["data"]["authorization_url"], person="minji")
    assert failed(await browser.come_back("kakao", back))


@pytest.mark.parametrize(
    ("redirect_uri", "status"),
    [
        (f"{API}/api/v1/auth/google/callback", 200),
        ("http://[::1]:9000/api/v1/auth/google/callback", 200),
        ("http://localhost/api/v1/auth/google/callback", 200),
        ("https://api.eco2.example/api/v1/auth/google/callback", 200),
        ("https://api.eco2.example.evil.example/api/v1/auth/google/callback", 400),
        ("http://evil.localhost:8080/api/v1/auth/google/callback", 400),
        ("http://127.0.0.2/api/v1/auth/google/callback", 400),
        (f"{API}/api/v1/auth/kakao/callback", 400),
        (f"{API}/api/v1/auth/google/callback?next=https://evil.example", 400),
        (f"{API}/elsewhere", 400),
        ("/api/v1/auth/google/callback", 400),
    ],
)
async def test_callbacks_are_at_known_origins_only(
    without_database: dict[str, str], redirect_uri: str, status: int
) -> None:
    functions = Functions(without_database | {"ECO2_API_ORIGINS": "https://api.eco2.example"})
    answer = await Browser(functions).begin("google", redirect_uri=redirect_uri)
    assert answer.status_code == status
    if status == 200:
        assert query_of(answer.json()["data"]["authorization_url"])["redirect_uri"] == redirect_uri
    else:
        assert answer.json()["code"] == "INVALID_REDIRECT"
        assert "set-cookie" not in answer.headers
    await functions.close()


async def test_in_production_loopback_is_refused_and_the_configured_origin_is_the_default(
    without_database: dict[str, str],
) -> None:
    production = without_database | {"ECO2_ENV": "production", "ECO2_CORS_ORIGINS": ORIGIN}
    functions = Functions(production | {"ECO2_API_ORIGINS": "https://api.eco2.example/"})
    assert (await Browser(functions).begin("google")).status_code == 400
    answer = await Browser(functions).begin("google", redirect_uri="")
    query = query_of(answer.json()["data"]["authorization_url"])
    assert query["redirect_uri"] == "https://api.eco2.example/api/v1/auth/google/callback"
    assert "Secure" in answer.headers["set-cookie"]
    await functions.close()
    functions = Functions(production)
    answer = await Browser(functions).begin("google", redirect_uri="")
    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_CONFIGURED")
    await functions.close()


async def test_a_front_end_that_is_not_known_is_refused(browser: Browser) -> None:
    answer = await browser.begin("google", frontend_origin="http://evil.localhost:5173")
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REDIRECT")


async def test_a_provider_without_a_client_id_is_not_offered(
    oauth_configured: dict[str, str], functions: Functions
) -> None:
    without = Functions(oauth_configured | {"ECO2_OAUTH_NAVER_CLIENT_ID": ""})
    answer = await Browser(without).begin("naver")
    assert (answer.status_code, answer.json()["code"]) == (404, "PROVIDER_NOT_CONFIGURED")
    assert (await Browser(without).begin("google")).status_code == 200
    assert (await Browser(functions).begin("github")).status_code == 404
    await without.close()


async def test_without_redis_it_can_t_begin_and_fails_at_the_end(without_database: dict[str, str]) -> None:
    functions = Functions(without_database | {"ECO2_REDIS_STATE_URL": "redis://127.0.0.1:1/0"})
    answer = await Browser(functions).begin("google")
    assert answer.status_code == 503
    assert failed(await Browser(functions).come_back("google", {"state": "s", "code": "c"}), "")
    await functions.close()


async def test_without_a_database_it_fails_at_the_front_end_it_came_from(
    without_database: dict[str, str],
) -> None:
    functions = Functions(without_database)
    assert failed(await Browser(functions).sign_in("google"), "http://localhost:5173")
    await functions.close()


async def test_what_takes_too_long_fails_as_well(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "ARRIVAL_S", 0.0)
    assert failed(await browser.come_back("google", {"state": "s", "code": "c"}), "")


async def test_neither_state_nor_code_is_logged(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    begun = (await browser.begin("naver")).json()["data"]
    back = await browser.choose(begun["authorization_url"], person="minji")
    assert (await browser.come_back("naver", back)).status_code == 302
    state = (await browser.begin("google")).json()["data"]["state"]
    await browser.come_back("google", {"state": state, "code": "a-made-up-code"})
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith(("functions", "authlib")))
    assert "sign-in with google failed" in ours
    assert not [text for text in (back["code"], back["state"], state, "a-made-up-code") if text in ours]


Handler = Callable[[Request], Awaitable[Response]]


def provider_answering(token: Handler, userinfo: Handler) -> Starlette:
    """A provider that misbehaves."""
    return Starlette(
        routes=[
            Route("/google/token", token, methods=["POST"]),
            Route("/google/userinfo", userinfo),
        ]
    )


async def good_token(_request: Request) -> Response:
    return JSONResponse({"access_token": "t", "token_type": "Bearer", "expires_in": 60})


def says(content: Any, status: int = 200) -> Handler:
    async def handler(_request: Request) -> Response:
        text = content if isinstance(content, str) else json.dumps(content)
        return Response(text, status, media_type="application/json")

    return handler


async def hangs(_request: Request) -> Response:
    await asyncio.sleep(5)
    return Response()


@pytest.mark.parametrize(
    ("token", "userinfo"),
    [
        (says({"error": "invalid_grant"}), says({"sub": "1"})),
        (says({"error": "invalid_grant"}, 400), says({"sub": "1"})),
        (says("<html>", 502), says({"sub": "1"})),
        (says("not json"), says({"sub": "1"})),
        (says([]), says({"sub": "1"})),
        (says({"access_token": "t" * 70_000, "token_type": "Bearer"}), says({"sub": "1"})),
        (hangs, says({"sub": "1"})),
        (good_token, hangs),
        (good_token, says({"sub": "1"}, 401)),
        (good_token, says("not json")),
        (good_token, says([])),
        (good_token, says({})),
        (good_token, says({"sub": None})),
        (good_token, says({"sub": True})),
        (good_token, says({"sub": ""})),
        (good_token, says({"sub": "1", "name": "x" * 70_000})),
    ],
)
async def test_a_provider_that_misbehaves_signs_nobody_in(
    without_database: dict[str, str], monkeypatch: pytest.MonkeyPatch, token: Handler, userinfo: Handler
) -> None:
    monkeypatch.setattr(oauth_client, "CALL_S", 0.3)
    async with serving(provider_answering(token, userinfo)) as port:
        functions = Functions(without_database | pointed_at(f"http://127.0.0.1:{port}"))
        browser = Browser(functions)
        state = (await browser.begin("google")).json()["data"]["state"]
        assert failed(await browser.come_back("google", {"state": state, "code": "c"}))
        await functions.close()


@pytest.mark.parametrize(
    ("provider", "told", "expected"),
    [
        ("google", {"sub": "12", "name": "긴 이름"}, ("12", "긴 이름", None, None)),
        ("google", {"sub": "1234567", "picture": "javascript:x"}, ("1234567", "이웃-4567", None, None)),
        ("kakao", {"id": 77, "kakao_account": None}, ("77", "이웃-77", None, None)),
        (
            "kakao",
            {
                "id": 77,
                "kakao_account": {"profile": {"nickname": "n\u202e", "profile_image_url": "http://k/p"}},
            },
            ("77", "n", None, "http://k/p"),
        ),
        (
            "google",
            {"sub": "12", "name": "\u1112\u1169\u11bc\u3164"},
            ("12", "\ud64d", None, None),
        ),  # decomposed, and a filler
        ("google", {"sub": "1234567", "name": "\u3164\ud800\0"}, ("1234567", "이웃-4567", None, None)),
        ("naver", {"response": {"id": "a-b", "nickname": " ", "email": 5}}, ("a-b", "이웃-a-b", None, None)),
        ("naver", {"response": {"id": "a-b", "nickname": "\u3164\ufeff"}}, ("a-b", "이웃-a-b", None, None)),
        ("naver", {"response": {"id": "a-b", "nickname": "\u1100\u1161\0"}}, ("a-b", "가", None, None)),
        ("google", {"sub": "12", "name": "\ud800a"}, ("12", "a", None, None)),
    ],
)
def test_a_person_is_read_from_whatever_they_agreed_to_tell(
    provider: ProviderName, told: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    person = PROFILES[provider].person(told)
    assert person.provider == provider
    assert (person.provider_user_id, person.username, person.email, person.profile_image_url) == expected


async def test_a_page_learns_which_ways_in_there_are() -> None:
    from functions.auth.providers.func import providers

    for settings, told in (
        ({"ECO2_ENV": "local", "ECO2_OAUTH_KAKAO_CLIENT_ID": "k"}, {"providers": ["kakao"], "local": True}),
        ({"ECO2_ENV": "production"}, {"providers": [], "local": False}),
    ):
        functions = Functions(settings)
        answer = await functions.call(providers, "GET", "/api/v1/auth/providers")
        await functions.close()
        assert answer.json() == told


async def test_the_name_of_a_device_is_text_that_can_be_kept(functions: Functions) -> None:
    from functions.auth.login.func import login

    told = await functions.call(login, "GET", "/api/v1/auth/google?device_id=a%00b")
    assert (told.status_code, told.json()["code"]) == (422, "VALIDATION_FAILED")
