"""The authorize function called in the edge's own process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from embedded.edge import authorize
from embedded.edge.answers import Problem
from embedded.edge.authorize import InProcess

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/api/v1/scan",
    "raw_path": b"/api/v1/scan",
}
REQUEST = {
    b"cookie": b"s_access=t",
    b"x-user-id": b"forged",
    b"content-length": b"10",
    b"x-request-id": b"r-1",
}


async def test_it_sees_credentials_and_no_body() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, message=await receive())
        headers = [(b"X-User-Id", b"u"), (b"x-auth-provider", b"local"), (b"set-cookie", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    verdict = await InProcess(app).check(SCOPE, REQUEST)
    assert (verdict.status, verdict.headers) == (200, [(b"x-user-id", b"u"), (b"x-auth-provider", b"local")])
    assert seen["method"] == "POST"
    assert seen["path"] == "/api/v1/scan"
    assert dict(seen["headers"]) == {
        b"cookie": b"s_access=t",
        b"x-request-id": b"r-1",
        b"host": b"auth-authorize",
    }
    assert seen["message"] == {"type": "http.request", "body": b"", "more_body": False}


async def test_a_refusal_keeps_what_the_client_may_see() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"x-user-id", b"u"),
            (b"x-internal", b"1"),
        ]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    verdict = await InProcess(app).check(SCOPE, REQUEST)
    assert (verdict.status, verdict.body) == (401, b"{}")
    assert verdict.headers == [(b"content-type", b"application/problem+json")]


async def raises(_scope: Any, _receive: Any, _send: Any) -> None:
    raise RuntimeError("secret")


async def says_nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    return


async def hangs(_scope: Any, _receive: Any, _send: Any) -> None:
    await asyncio.Event().wait()


async def fails(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 503, "headers": []})


@pytest.mark.parametrize("app", [raises, says_nothing, hangs, fails])
async def test_whatever_goes_wrong_closes(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorize, "CHECK_TIMEOUT_S", 0.1)
    with pytest.raises(Problem) as closed:
        await InProcess(app).check(SCOPE, REQUEST)
    assert closed.value.status == 503
    assert "secret" not in closed.value.detail
