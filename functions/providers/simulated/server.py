"""The simulated provider as a bare ASGI application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

from functions.providers.simulated import outputs
from functions.providers.simulated.course import Course, Outcome
from functions.providers.simulated.gemini_wire import GenerateContent
from functions.providers.simulated.ledger import Ledger
from functions.providers.simulated.openai_wire import ChatCompletions, Responses
from functions.providers.simulated.settings import Behaviour
from functions.providers.simulated.wire import Call, Said, Wire

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AnyWire = Responses | ChatCompletions | GenerateContent
Headers = Iterable[tuple[bytes, bytes]]

MARKER_HEADER: Final = b"x-client-request-id"
HANG_S: Final = 600.0
_RESPONSES: Final = Responses()
_CHAT: Final = ChatCompletions()
_JSON: Final = (b"content-type", b"application/json")
_REFUSAL: Final = "죄송하지만 이 요청은 도와드릴 수 없어요."


class ClientLeftError(Exception):
    """The client closed its connection before the answer."""


class Simulated:
    """POST the three model APIs; GET /calls, DELETE /calls, POST /script (a JSON list of outcomes)."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.course = Course(self.behaviour)
        self.ledger = Ledger()
        self._number = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        wire = _wire(path) if scope["method"] == "POST" else None
        if wire:
            await self._answer(wire, scope, receive, send)
        else:
            await self._control(f"{scope['method']} {path}", scope, receive, send)

    async def _control(self, route: str, scope: Scope, receive: Receive, send: Send) -> None:
        match route:
            case "GET /calls":
                report = self.ledger.report(markers=b"markers" in scope["query_string"])
                await _json(send, 200, report)
            case "DELETE /calls":
                self.ledger = Ledger(in_flight=self.ledger.in_flight)
                await _json(send, 200, {})
            case "POST /script":
                try:
                    self.course.extend(json.loads(await _body(receive)))
                except (ValueError, TypeError) as error:
                    await _json(send, 400, {"error": {"message": str(error)}})
                else:
                    await _json(send, 200, {"waiting": len(self.course.script)})
            case "GET /health/ready" | "GET /health/live":
                await _json(send, 200, {})
            case _:
                await _json(send, 404, {"error": {"message": f"no such address: {route}"}})

    async def _answer(self, wire: AnyWire, scope: Scope, receive: Receive, send: Send) -> None:
        from pydantic_core import from_json

        body = await _body(receive)
        try:
            call = wire.parse(from_json(body), tokens=len(body) // 4 + 1)
        except (ValueError, AttributeError, TypeError):
            await _json(
                send, 400, {"error": {"code": 400, "message": "request body is not what the API takes"}}
            )
            return
        outcome = self.course.next()
        retry_after_s = self.course.retry_after_s
        ledger = self.ledger
        ledger.arrived()
        try:
            await _wait(HANG_S if outcome == "hang" else self.behaviour.latency_s(call.task), receive)
            if outcome in {"error", "rate_limited"}:
                await self._fail(wire, outcome, retry_after_s, send)
            elif outcome == "cut":
                # Returning in the middle of a response makes the server close the connection.
                await _start(send, 200, [_JSON, (b"content-length", b"1000")])
                await send({"type": "http.response.body", "body": b"{", "more_body": True})
            else:
                ledger.billed(call.task, call.model, _header(scope["headers"], MARKER_HEADER))
                await self._say(wire, call, outcome, send)
        except ClientLeftError:
            outcome = "client_left"  # type: ignore[assignment]
        finally:
            ledger.left(outcome)

    async def _fail(self, wire: Wire, outcome: Outcome, retry_after_s: float, send: Send) -> None:
        status, body = wire.failure(outcome, retry_after_s)
        headers = [(b"retry-after", f"{retry_after_s:.3f}".encode())] if outcome == "rate_limited" else []
        await _json(send, status, body, headers)

    async def _say(self, wire: Wire, call: Call, outcome: Outcome, send: Send) -> None:
        self._number += 1
        if outcome == "refused":
            text = _REFUSAL
        elif outcome == "malformed":
            text = outputs.malformed(call.schema)
        else:
            text = outputs.sensible(call.schema) if call.schema else outputs.TEXT
        refused = outcome == "refused"
        said = Said(f"{self._number:08d}", call.model, text, refused, call.input_tokens, len(text) // 2 + 1)
        if not call.stream:
            await _json(send, 200, wire.whole(said))
            return
        await _start(send, 200, [(b"content-type", b"text/event-stream; charset=utf-8")])
        for piece in wire.pieces(said):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if self.behaviour.token_s:
                await asyncio.sleep(self.behaviour.token_s)
        await send({"type": "http.response.body", "body": b""})


def _wire(path: str) -> AnyWire | None:
    if path.endswith("/responses"):
        return _RESPONSES
    if path.endswith("/chat/completions"):
        return _CHAT
    return GenerateContent.of_path(path)


async def _wait(seconds: float, receive: Receive) -> None:
    """Sleep, but raise ClientLeftError as soon as the connection closes."""
    if seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return
    raise ClientLeftError


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


def _header(headers: Headers, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key == name), "")


async def _json(
    send: Send, status: int, body: object, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    data = json.dumps(body, ensure_ascii=False).encode()
    length = (b"content-length", str(len(data)).encode())
    await _start(send, status, [_JSON, length, *(headers or [])])
    await send({"type": "http.response.body", "body": data})


async def _start(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
