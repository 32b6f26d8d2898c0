"""The check that the edge asks for: identity or 401, from the token alone."""

from __future__ import annotations

import time
from typing import Any

import pytest

from functions.auth.authorize.func import authorize
from functions.auth.cookies import MOST_VALUES
from functions.auth.issuing import Issuing
from functions.auth.jwks.func import jwks
from functions.auth.tokens import Tokens
from functions.runtime.declaration import HttpFunction
from tests.functions.asgi_client import Functions

USER = "6f1c0000-0000-4000-8000-000000000001"
SESSION = "6f1c0000-0000-4000-8000-00000000000a"


@pytest.fixture
def alone(functions: Functions) -> Functions:
    """With what tells of revoked logins, and nobody signed in."""
    return functions


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "PROPFIND"])
@pytest.mark.parametrize(
    "path", ["/", "/api/v1/scan", "/api/v1/scan/7/events?x=1", "/check/api/v1//scan/%2e%2e/"]
)
async def test_any_method_and_path_is_answered_with_the_identity(
    alone: Functions, issuing: Issuing, method: str, path: str
) -> None:
    text, issued = issuing.issue("access", USER, "kakao", SESSION)
    answer = await alone.call(
        authorize, method, path, headers={"cookie": f"a=b; s_access={text}; s_refresh=x"}
    )
    assert answer.status_code == 200
    assert answer.headers["x-user-id"] == USER
    assert answer.headers["x-auth-provider"] == "kakao"
    assert answer.headers["x-auth-expires-at"] == str(issued.expires_at)
    assert int(answer.headers["x-auth-expires-at"]) > time.time()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_bearer_token_wins_over_a_cookie(alone: Functions, issuing: Issuing, scheme: str) -> None:
    text, _ = issuing.issue("access", USER, "local", SESSION)
    headers = {"authorization": f"{scheme} {text}", "cookie": "s_access=expired-long-ago"}
    assert (await alone.call(authorize, "GET", "/x", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "LOGIN_REQUIRED"),
        ({"cookie": ""}, "LOGIN_REQUIRED"),
        ({"cookie": "s_access="}, "LOGIN_REQUIRED"),
        ({"cookie": "xs_access=a.b.c; s_refresh=a.b.c"}, "LOGIN_REQUIRED"),
        ({"authorization": "Basic YTpi"}, "LOGIN_REQUIRED"),
        ({"authorization": "Bearer"}, "LOGIN_REQUIRED"),
        ({"x-user-id": USER, "x-auth-provider": "local"}, "LOGIN_REQUIRED"),
        ({"cookie": "s_access=a.b.c"}, "TOKEN_INVALID"),
        ({"authorization": "Bearer a.b.c"}, "TOKEN_INVALID"),
    ],
)
async def test_without_a_good_token_it_is_401(alone: Functions, headers: dict[str, str], code: str) -> None:
    answer = await alone.call(authorize, "GET", "/api/v1/scan", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.json()["code"] == code
    assert answer.json()["instance"] == "/api/v1/scan"
    assert not [name for name in answer.headers if name.startswith(("x-user", "x-auth"))]


@pytest.mark.parametrize(
    "lines",
    [
        ("s_access=a.b.c; s_access={}",),
        ("s_access={}; s_access=a.b.c",),
        ("s_access=a.b.c,x=y; s_access={}",),
        ("x=y,s_access={},s_access=a.b.c",),
        ("s_access=a.b.c", "x=y; s_access={}"),
        ("s_access={}", "s_access=a.b.c"),
    ],
)
async def test_of_several_cookies_the_good_one_counts(
    alone: Functions, issuing: Issuing, lines: tuple[str, ...]
) -> None:
    text, _ = issuing.issue("access", USER, "local", SESSION)
    headers: Any = [("cookie", line.format(text)) for line in lines]
    assert (await alone.call(authorize, "GET", "/x", headers=headers)).status_code == 200


async def test_of_cookies_without_number_the_first_are_looked_at(alone: Functions, issuing: Issuing) -> None:
    text, _ = issuing.issue("access", USER, "local", SESSION)
    line = "; ".join([*(f"s_access={number}" for number in range(MOST_VALUES)), f"s_access={text}"])
    answer = await alone.call(authorize, "GET", "/x", headers={"cookie": line})
    assert answer.json()["code"] == "TOKEN_INVALID"


async def test_a_refresh_token_opens_nothing(alone: Functions, issuing: Issuing) -> None:
    text, _ = issuing.issue("refresh", USER, "local", SESSION)
    assert (
        await alone.call(authorize, "GET", "/x", headers={"cookie": f"s_access={text}"})
    ).status_code == 401


@pytest.mark.parametrize("folder", ["", "/nowhere/eco2"])
async def test_without_keys_the_check_fails_closed_and_tells_nothing(folder: str) -> None:
    answer = await Functions({"ECO2_SIGNING_KEYS": folder}).call(authorize, "GET", "/x")
    assert answer.status_code == 503
    assert "nowhere" not in answer.text


async def test_the_public_keys_are_published(alone: Functions, tokens: Tokens) -> None:
    answer = await alone.call(jwks, "GET", "/api/v1/auth/.well-known/jwks.json")
    assert answer.json() == tokens.keys().jwks()
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_the_check_is_no_route_of_the_edge() -> None:
    declaration = authorize.declaration
    assert isinstance(declaration, HttpFunction)
    assert all(route.everything for route in declaration.routes)
