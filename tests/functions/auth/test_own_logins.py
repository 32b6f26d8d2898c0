"""Where one is signed in: seen and ended by oneself."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest

from functions.auth.authorize.func import authorize
from functions.auth.devices.func import devices
from functions.auth.end_login.func import end_login
from functions.auth.local_login.func import local_login
from tests.functions.asgi_client import Functions
from tests.functions.auth.conftest import until

OWN = "/api/v1/users/me/sessions"


class Device:
    """A browser that signed in; what it asks for comes with what the check of its token says of it."""

    def __init__(self, functions: Functions, cookies: dict[str, str], told: httpx.Headers) -> None:
        self._functions, self._cookies = functions, cookies
        self.user, self.session = told["x-user-id"], told["x-auth-session"]

    @classmethod
    async def signed_in(cls, functions: Functions, name: str, device: str) -> Device:
        asked = {"name": name, "device_id": device}
        answer = await functions.call(local_login, "GET", "/api/v1/auth/local/login", params=asked)
        cookies = dict(answer.cookies)
        return cls(functions, cookies, (await _checked(functions, cookies)).headers)

    async def logins(self) -> list[dict[str, Any]]:
        answer = await self._functions.call(devices, "GET", OWN, user=self.user, headers=self._told())
        assert answer.status_code == 200
        return list(answer.json())

    async def end(self, session: str) -> httpx.Response:
        path = f"{OWN}/{session}"
        return await self._functions.call(end_login, "DELETE", path, user=self.user, headers=self._told())

    async def is_in(self) -> bool:
        return (await _checked(self._functions, self._cookies)).status_code == 200

    def _told(self) -> dict[str, str]:
        return {"x-auth-session": self.session}


async def _checked(functions: Functions, cookies: dict[str, str]) -> httpx.Response:
    told = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    return await functions.call(authorize, "GET", "/api/v1/users/me", headers=told)


@pytest.fixture
async def here(functions: Functions) -> Device:
    return await Device.signed_in(functions, "앨리스", "노트북")


@pytest.fixture
async def there(functions: Functions, here: Device) -> Device:
    return await Device.signed_in(functions, "앨리스", "전화")


def aged(postgres_url: str, session: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE auth.sessions SET issued_at = now() - interval '20 minutes' WHERE id = %s", (session,)
        )


async def test_one_sees_where_one_is_signed_in(functions: Functions, here: Device, there: Device) -> None:
    await Device.signed_in(functions, "밥", "탁상")
    told = await here.logins()
    assert [(one["session"], one["device_id"], one["current"]) for one in told] == [
        (there.session, "전화", False),
        (here.session, "노트북", True),
    ]
    assert {"provider", "user_agent", "issued_at", "renewed_at", "expires_at"} <= told[0].keys()


async def test_a_login_that_was_ended_opens_nothing(here: Device, there: Device) -> None:
    assert (await here.end(there.session)).status_code == 204

    async def out() -> bool:
        return not await there.is_in()

    await until(out, "the ended login is refused")
    assert [one["session"] for one in await here.logins()] == [here.session]
    assert await here.is_in()
    assert (await here.end(there.session)).json()["code"] == "SESSION_NOT_FOUND"


async def test_who_signed_in_long_ago_signs_in_again_to_end_others(
    functions: Functions, here: Device, there: Device, postgres_url: str
) -> None:
    aged(postgres_url, here.session)
    refused = await here.end(there.session)
    assert (refused.status_code, refused.json()["code"]) == (401, "SIGN_IN_AGAIN")
    assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
    assert await there.is_in()
    again = await Device.signed_in(functions, "앨리스", "노트북")
    for session in (there.session, here.session):
        assert (await again.end(session)).status_code == 204
    assert [one["session"] for one in await again.logins()] == [again.session]


async def test_one_may_always_end_the_login_in_hand(here: Device, postgres_url: str) -> None:
    aged(postgres_url, here.session)
    assert (await here.end(here.session)).status_code == 204


async def test_another_users_login_is_none(functions: Functions, here: Device) -> None:
    other = await Device.signed_in(functions, "밥", "탁상")
    for session in (here.session, "6f1c0000-0000-4000-8000-000000000001", "nonsense"):
        assert (await other.end(session)).status_code == 404
    assert await here.is_in()
