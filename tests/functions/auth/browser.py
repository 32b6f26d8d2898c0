"""A browser that signs in: it keeps the functions' cookies and uses the local identity provider's page."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from functions.auth.callback.func import callback
from functions.auth.login.func import login
from tests.functions.asgi_client import Functions

ORIGIN = "http://localhost:5173"
API = "http://127.0.0.1:8080"


@dataclass
class Browser:
    """Cookies of one browser; `functions` is the API at `API`."""

    functions: Functions
    cookies: dict[str, str] = field(default_factory=dict)

    async def begin(self, provider: str, **params: str) -> httpx.Response:
        """What the web client's button does."""
        asked = {"redirect_uri": f"{API}/api/v1/auth/{provider}/callback"} | params
        answer = await self.functions.call(
            login,
            "GET",
            f"/api/v1/auth/{provider}",
            params={name: value for name, value in asked.items() if value},
            headers=self._headers({"x-frontend-origin": ORIGIN}),
        )
        self._keep(answer)
        return answer

    async def choose(self, authorization_url: str, **chosen: str) -> dict[str, str]:
        """Choose who to be on the provider's page; what it sends the browser back with."""
        query = dict(parse_qsl(urlsplit(authorization_url).query))
        async with httpx.AsyncClient(trust_env=False) as http:
            page = await http.get(authorization_url)
            assert page.status_code == 200, page.text
            answer = await http.post(authorization_url.partition("?")[0], data=query | chosen)
        assert answer.headers["location"].startswith(query["redirect_uri"] + "?")
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def come_back(self, provider: str, query: dict[str, str], **headers: str) -> httpx.Response:
        """Follow the provider's redirect."""
        path = f"/api/v1/auth/{provider}/callback"
        answer = await self.functions.call(
            callback, "GET", path, params=query, headers=self._headers(headers)
        )
        self._keep(answer)
        return answer

    async def sign_in(self, provider: str, person: str = "minji") -> httpx.Response:
        """The whole way."""
        begun = await self.begin(provider)
        back = await self.choose(begun.json()["data"]["authorization_url"], person=person)
        return await self.come_back(provider, back)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return ({"cookie": sent} if sent else {}) | more

    def _keep(self, answer: httpx.Response) -> None:
        jar: SimpleCookie = SimpleCookie()
        for line in answer.headers.get_list("set-cookie"):
            jar.load(line)
        self.cookies |= {name: morsel.value for name, morsel in jar.items()}


def query_of(url: str) -> dict[str, Any]:
    """The query of an address."""
    return dict(parse_qsl(urlsplit(url).query))
