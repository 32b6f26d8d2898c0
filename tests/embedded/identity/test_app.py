"""The local identity provider is as strict as those it stands in for, and a person can use its page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from embedded.identity import grants
from embedded.identity.app import MAX_FORM, OurClient, application
from embedded.identity.grants import CodeGrant, Issued
from embedded.identity.people import PEOPLE

CLIENT = OurClient("eco2-local", "s3cret")
VERIFIER = "v" * 43
BACK = "http://127.0.0.1:8080/api/v1/auth/{}/callback"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=application(CLIENT))
    async with httpx.AsyncClient(transport=transport, base_url="http://identity", trust_env=False) as client:
        yield client


def asked(provider: str, **changed: str) -> dict[str, str]:
    """A request to sign in."""
    fields = {
        "client_id": CLIENT.id,
        "redirect_uri": BACK.format(provider),
        "response_type": "code",
        "state": "st&te",
        "code_challenge": create_s256_code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (fields | changed).items() if value}


def hidden(page: str) -> dict[str, str]:
    """The fields that a page's first form sends."""
    form = page.partition("<form")[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return {unescape(name): unescape(value) for name, value in found}


async def code(http: httpx.AsyncClient, provider: str, **chosen: str) -> dict[str, str]:
    """What the browser brings back after a person has chosen."""
    page = await http.get(f"/{provider}/authorize", params=asked(provider))
    assert page.status_code == 200
    answer = await http.post(f"/{provider}/authorize", data=hidden(page.text) | chosen)
    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    assert back._replace(query="").geturl() == BACK.format(provider)
    return dict(parse_qsl(back.query))


async def exchanged(http: httpx.AsyncClient, provider: str, given: str, **changed: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT.id,
        "client_secret": CLIENT.secret,
        "code": given,
        "redirect_uri": BACK.format(provider),
        "code_verifier": VERIFIER,
    }
    return await http.post(f"/{provider}/token", data=form | changed)


async def told(http: httpx.AsyncClient, provider: str, **chosen: str) -> dict[str, object]:
    back = await code(http, provider, **chosen)
    token = (await exchanged(http, provider, back["code"])).json()["access_token"]
    answer = await http.get(f"/{provider}/userinfo", headers={"authorization": f"Bearer {token}"})
    body: dict[str, object] = answer.json()
    return body


async def test_each_provider_describes_a_person_in_its_own_shape(http: httpx.AsyncClient) -> None:
    google, kakao, naver = [await told(http, name, person="minji") for name in ("google", "kakao", "naver")]
    assert (google["given_name"], google["email"]) == ("민지", "minji@example.com")
    assert isinstance(google["sub"], str)
    assert isinstance(kakao["id"], int)
    account = kakao["kakao_account"]
    assert isinstance(account, dict)
    assert (account["profile"]["nickname"], account["email"]) == ("민지", "minji@example.com")
    response = naver["response"]
    assert isinstance(response, dict)
    assert (naver["resultcode"], response["nickname"]) == ("00", "민지")


async def test_a_typed_name_is_the_same_person_each_time_and_tells_no_address(
    http: httpx.AsyncClient,
) -> None:
    first, again = [await told(http, "google", name=" 새 이웃 ") for _ in range(2)]
    assert first == again
    assert first["name"] == "새 이웃"
    assert "email" not in first
    assert (await told(http, "google", name="다른 이웃"))["sub"] != first["sub"]
    for provider in ("kakao", "naver"):
        assert "@" not in str(await told(http, provider, person="seoyeon"))


async def test_the_page_offers_every_test_person_and_repeats_the_request(http: httpx.AsyncClient) -> None:
    page = await http.get("/kakao/authorize", params=asked("kakao", state='"><script>'))
    assert all(person.name in page.text for person in PEOPLE)
    assert hidden(page.text) == asked("kakao", state='"><script>')
    assert "<script>" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_who_cancels_goes_back_with_their_refusal(http: httpx.AsyncClient) -> None:
    assert await code(http, "google", cancel="yes") == {"error": "access_denied", "state": "st&te"}


@pytest.mark.parametrize("name", ["", "   ", "x" * 51, "a\0b"])
async def test_a_name_that_is_none_is_asked_again(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.post("/google/authorize", data=asked("google") | {"name": name})
    assert answer.status_code == 422
    assert "이름을" in answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "another"},
        {"redirect_uri": "https://evil.example/api/v1/auth/google/callback"},
        {"redirect_uri": "http://evil.localhost/api/v1/auth/google/callback"},
        {"redirect_uri": "http://localhost:80@evil.example/api/v1/auth/google/callback"},
        {"redirect_uri": "http://localhost:8080/api/v1/auth/kakao/callback"},
        {"redirect_uri": ""},
        {"response_type": "token"},
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"code_challenge_method": "plain"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_wrong_request_leads_nowhere(
    http: httpx.AsyncClient, changed: dict[str, str], method: str
) -> None:
    fields = asked("google", **changed)
    sent = {"params": fields} if method == "GET" else {"data": fields | {"person": "minji"}}
    answer = await http.request(method, "/google/authorize", **sent)  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_naver_knows_no_pkce(http: httpx.AsyncClient) -> None:
    fields = asked("naver", code_challenge="", code_challenge_method="") | {"person": "junho"}
    back = await http.post("/naver/authorize", data=fields)
    given = dict(parse_qsl(urlsplit(back.headers["location"]).query))["code"]
    answer = await exchanged(http, "naver", given, code_verifier="")
    assert answer.json()["expires_in"] == "3600"


async def test_a_code_works_once(http: httpx.AsyncClient) -> None:
    given = (await code(http, "google", person="minji"))["code"]
    assert (await exchanged(http, "google", given)).status_code == 200
    again = await exchanged(http, "google", given)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://localhost/api/v1/auth/google/callback"}, "invalid_grant"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"client_secret": "guess"}, "invalid_client"),
        ({"client_id": "another"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_exchange_gives_no_token(
    http: httpx.AsyncClient, changed: dict[str, str], error: str
) -> None:
    given = (await code(http, "google", person="minji"))["code"]
    answer = await exchanged(http, "google", given, **changed)
    assert (answer.status_code >= 400, answer.json()["error"]) == (True, error)


async def test_a_code_of_one_provider_is_none_at_another_and_naver_refuses_with_200(
    http: httpx.AsyncClient,
) -> None:
    given = (await code(http, "google", person="minji"))["code"]
    answer = await exchanged(http, "naver", given, redirect_uri=BACK.format("google"))
    assert (answer.status_code, answer.json()["error"]) == (200, "invalid_grant")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer guess", "Basic x"])
async def test_without_a_token_nobody_is_described(http: httpx.AsyncClient, header: str) -> None:
    assert (await http.get("/google/userinfo", headers={"authorization": header})).status_code == 401


async def test_a_form_has_an_end(http: httpx.AsyncClient) -> None:
    answer = await http.post("/google/token", content=b"a" * (MAX_FORM + 1))
    assert (answer.status_code, answer.json()) == (413, {"error": "invalid_request"})


async def test_it_says_that_it_serves(http: httpx.AsyncClient) -> None:
    assert (await http.get("/health/ready")).json() == {"status": "ready"}
    assert (await http.get("/github/authorize")).status_code == 404


def test_what_was_issued_ends_with_time_and_with_number(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    issued: Issued[CodeGrant] = Issued(60, now=lambda: clock[0])
    grant = CodeGrant(PEOPLE[0], "http://localhost", "")
    kept, taken = issued.give(grant), issued.give(grant)
    assert issued.look(kept) is issued.look(kept) is issued.take(taken) is grant
    clock[0] = 60
    assert issued.look(kept) is issued.take(kept) is None
    monkeypatch.setattr(grants, "MOST", 2)
    first, *_ = [issued.give(grant) for _ in range(3)]
    assert issued.look(first) is None
