"""Whoever dies between a change and the event that tells of it: the next sweep sends the event, in every domain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psycopg
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from eventing.cloudevent import CloudEvent, decode
from functions.auth.keys import ensure_keys
from functions.auth.relay.func import relay as auth_relay
from functions.chat.sweep.func import sweep as chat_sweep
from functions.ops.events import SweepRequested
from functions.ops.relay.func import relay as ops_relay
from functions.runtime.decorators import Declared
from functions.runtime.outgoing import Outgoing
from functions.runtime.registry import ROOT, load_all
from functions.scan.sweep.func import sweep as scan_sweep
from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions
from tests.functions.hosting import hosted
from tests.functions.ops.test_dead_letters import letter

USER = {"x-user-id": "6f1c0000-0000-4000-8000-000000000001", "x-auth-provider": "local"}
Cause = Callable[[aiohttp.ClientSession, str], Coroutine[None, None, None]]


@dataclass
class Ingress:
    """A broker's ingress that never answers events of the type `stuck_at`; once that is "", it keeps what comes."""

    stuck_at: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    events: list[CloudEvent] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        event = decode(dict(request.headers.items()), await request.body())
        if event.type == self.stuck_at:
            self.asked.set()
            await receive()  # until whoever sent it is gone
            return
        if not self.stuck_at:
            self.events.append(event)
        await Response(status_code=202)(scope, receive, send)


async def signs_in(client: aiohttp.ClientSession, url: str) -> None:
    await client.get(
        f"{url}/api/v1/auth/local/login?name=봄", headers={"host": "auth-local-login"}, allow_redirects=False
    )


async def scans(client: aiohttp.ClientSession, url: str) -> None:
    body = {"image_url": "http://127.0.0.1:1/images/a.jpg"}
    await client.post(f"{url}/api/v1/scan", json=body, headers={**USER, "host": "scan-submit"})


async def asks(client: aiohttp.ClientSession, url: str) -> None:
    async with client.post(f"{url}/api/v1/chat", json={}, headers={**USER, "host": "chat-create"}) as made:
        chat = (await made.json())["id"]
    body = {"message": "우유갑은 어떻게 버려요?"}
    await client.post(f"{url}/api/v1/chat/{chat}/messages", json=body, headers={**USER, "host": "chat-send"})


async def loses(client: aiohttp.ClientSession, url: str) -> None:
    headers, body = letter().to_binary()
    await client.post(url, data=body, headers={**headers, "host": "ops-quarantine"})


CHANGES: dict[str, tuple[Cause, tuple[str, ...], Declared, str]] = {
    "auth": (signs_in, ("auth-local-login",), auth_relay, "eco2.user.registered"),
    "scan": (scans, ("scan-submit",), scan_sweep, "eco2.scan.requested"),
    "chat": (asks, ("chat-create", "chat-send"), chat_sweep, "eco2.chat.message.submitted"),
    "ops": (loses, ("ops-quarantine",), ops_relay, "eco2.ops.event.quarantined"),
}
"""Domain → what changes something, its functions, what sweeps, and the event that tells of it."""


@pytest.fixture
async def ingress(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ingress]:
    made = Ingress()
    async with serving(made) as port:
        monkeypatch.setenv("K_SINK", f"http://127.0.0.1:{port}")
        yield made


@pytest.mark.parametrize("domain", CHANGES)
async def test_a_process_killed_between_the_change_and_its_event_loses_nothing(
    ingress: Ingress, postgres_url: str, valkey_url: str, tmp_path: Path, domain: str
) -> None:
    cause, names, sweep, told = CHANGES[domain]
    ingress.stuck_at = told
    ensure_keys(tmp_path / "keys")
    environ = {
        "ECO2_ENV": "local",
        "ECO2_DATABASE_URL": postgres_url,
        **{f"ECO2_REDIS_{role}_URL": valkey_url for role in ("STREAMS", "PUBSUB", "CACHE", "AUTH", "STATE")},
        "ECO2_SIGNING_KEYS": str(tmp_path / "keys"),
        "ECO2_CDN_URL": "http://127.0.0.1:1/images",
        "ECO2_CORS_ORIGINS": "http://127.0.0.1:1",
        "ECO2_FRONTEND_URL": "http://127.0.0.1:1",
        "ECO2_MODELS": "local",
        "ECO2_MODEL": "local",
    }
    async with (
        hosted(*names, environ=environ) as (url, process),
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as client,
    ):
        changing = asyncio.create_task(cause(client, url))
        async with asyncio.timeout(60):
            await ingress.asked.wait()
        process.kill()
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)
    ingress.stuck_at = ""
    with psycopg.connect(postgres_url) as connection:
        connection.execute(f"UPDATE {domain}.outbox SET created_at = now() - interval '1 minute'".encode())
    functions = Functions(environ)
    for _ in range(2):  # the second sweep finds nothing left
        assert (await functions.deliver(sweep, SweepRequested())).status_code == 204
    await functions.close()
    assert [event.type for event in ingress.events] == [told]


def test_every_outbox_has_its_events_relayed_by_a_sweep(postgres_url: str) -> None:
    load_all()
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute(
            "SELECT table_schema FROM information_schema.tables WHERE table_name = 'outbox'"
        ).fetchall()
    of_domains = {
        each.schema for each in Outgoing.__subclasses__() if each.__module__.startswith("functions.")
    }
    assert {schema for (schema,) in tables} == of_domains == set(CHANGES)


def test_no_domain_has_an_outbox_of_another_kind() -> None:
    own = [
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if path.parent.name != "runtime" and "Outbox(" in path.read_text()
    ]
    assert own == []
