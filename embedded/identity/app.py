"""The local identity provider over HTTP: for each of Google, Kakao and Naver the three addresses of its code flow.

`/{provider}/authorize` is a page for a person, `/{provider}/token` and `/{provider}/userinfo` answer in the provider's
own shapes, errors included. What OAuth demands is checked as strictly as there: client, redirect, PKCE, single use.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from embedded.identity.grants import CODE_S, TOKEN_S, CodeGrant, Issued
from embedded.identity.pages import choice, refusal
from embedded.identity.people import DESCRIBED, MAX_NAME, SamplePerson, chosen, named
from functions.runtime.body import bounded
from functions.runtime.errors import FunctionError

MAX_FORM = 16_384
_ASKED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "state",
    "scope",
    "code_challenge",
    "code_challenge_method",
)
_REDIRECT = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?/api/v1/auth/([a-z]+)/callback")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PKCE = frozenset({"google", "kakao"})


@dataclass(frozen=True, slots=True)
class OurClient:
    """What the platform is known by at the local identity provider."""

    id: str
    secret: str


class LocalProvider:
    """One of the providers, for one client."""

    def __init__(self, name: str, client: OurClient) -> None:
        self._name, self._client = name, client
        self._codes: Issued[CodeGrant] = Issued(CODE_S)
        self._tokens: Issued[SamplePerson] = Issued(TOKEN_S)
        self.routes = [
            Route("/authorize", self._page),
            Route("/authorize", self._decide, methods=["POST"]),
            Route("/token", self._token, methods=["POST"]),
            Route("/userinfo", self._userinfo),
        ]

    async def _page(self, request: Request) -> Response:
        """Ask the person who they would like to be."""
        asked = {name: request.query_params[name] for name in _ASKED if name in request.query_params}
        if wrong := self._wrong(asked):
            return refusal(wrong)
        return choice(self._name, asked)

    async def _decide(self, request: Request) -> Response:
        """Send the person back with a code, or with their refusal."""
        form = await _form(request)
        asked = {name: form[name] for name in _ASKED if name in form}
        if wrong := self._wrong(asked):
            return refusal(wrong)
        state = {"state": asked["state"]} if "state" in asked else {}
        if "cancel" in form:
            return _back(asked["redirect_uri"], {"error": "access_denied"} | state)
        person = chosen(form.get("person", "")) or named(form.get("name", ""))
        if person is None:
            return choice(self._name, asked, f"이름을 1자에서 {MAX_NAME}자 사이로 적어 주세요.")
        grant = CodeGrant(person, asked["redirect_uri"], asked.get("code_challenge", ""))
        return _back(asked["redirect_uri"], {"code": self._codes.give(grant)} | state)

    async def _token(self, request: Request) -> Response:
        """A code for a token (RFC 6749, 4.1.3), once, and only for whoever holds its verifier."""
        form = await _form(request)
        known = hmac.compare_digest(form.get("client_secret", "").encode(), self._client.secret.encode())
        if not known or form.get("client_id") != self._client.id:
            return self._refused("invalid_client", 401)
        if form.get("grant_type") != "authorization_code":
            return self._refused("unsupported_grant_type")
        grant = self._codes.take(form.get("code", ""))
        if (
            grant is None
            or grant.redirect_uri != form.get("redirect_uri")
            or not grant.proven_by(form.get("code_verifier", ""))
        ):
            return self._refused("invalid_grant")
        life_s = int(TOKEN_S)
        answer = {
            "access_token": self._tokens.give(grant.person),
            "token_type": "Bearer" if self._name == "google" else "bearer",
            "expires_in": str(life_s) if self._name == "naver" else life_s,  # Naver tells numbers as text
        }
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    async def _userinfo(self, request: Request) -> Response:
        """The person that a token stands for."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        person = self._tokens.look(token) if scheme.lower() == "bearer" else None
        return JSONResponse(DESCRIBED[self._name](person)) if person else self._refused("invalid_token", 401)

    def _wrong(self, asked: Mapping[str, str]) -> str:
        """Why a request to sign in can't be answered, for the person; empty when it can."""
        redirect = _REDIRECT.fullmatch(asked.get("redirect_uri", ""))
        if asked.get("client_id") != self._client.id:
            return "client_id가 이 로컬 로그인에 등록된 값이 아니에요."
        if redirect is None or redirect[3] != self._name:
            return "redirect_uri가 이 컴퓨터의 로그인 콜백 주소가 아니에요."
        if asked.get("response_type") != "code":
            return "response_type은 code여야 해요."
        challenge = asked.get("code_challenge", "")
        if self._name in _PKCE and not (
            asked.get("code_challenge_method") == "S256" and _CHALLENGE.fullmatch(challenge)
        ):
            return "PKCE(S256)의 code_challenge가 없거나 형식이 달라요."
        return ""

    def _refused(self, error: str, status: int = 400) -> Response:
        """An error of RFC 6749, 5.2; Naver's come with 200."""
        body = {"error": error, "error_description": "refused by the local identity provider"}
        return JSONResponse(body, 200 if self._name == "naver" else status, {"cache-control": "no-store"})


def application(client: OurClient) -> Starlette:
    """The local identity provider."""
    providers = [Mount(f"/{name}", routes=LocalProvider(name, client).routes) for name in DESCRIBED]
    return Starlette(
        routes=[Route("/health/ready", _ready), *providers], exception_handlers={FunctionError: _unreadable}
    )


async def _form(request: Request) -> dict[str, str]:
    body = await bounded(request.scope, request.receive, MAX_FORM).body()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=32))


async def _unreadable(_request: Request, error: Exception) -> Response:
    assert isinstance(error, FunctionError)
    return JSONResponse({"error": "invalid_request"}, error.status)


async def _ready(_request: Request) -> Response:
    return JSONResponse({"status": "ready"})


def _back(redirect_uri: str, told: Mapping[str, str]) -> Response:
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(f"{redirect_uri}?{urlencode(told)}", 302, headers)
