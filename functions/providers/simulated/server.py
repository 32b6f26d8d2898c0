"""The simulated provider as a Starlette application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from functions.providers.simulated import outputs
from functions.providers.simulated.course import Course, Outcome
from functions.providers.simulated.gemini_wire import GenerateContent
from functions.providers.simulated.images_wire import NO_PICTURE, Images, form, picture
from functions.providers.simulated.ledger import CallLedger
from functions.providers.simulated.openai_wire import ChatCompletions, Responses
from functions.providers.simulated.settings import Behaviour
from functions.providers.simulated.wire import Call, Said, Wire

MARKER_HEADER: Final = "x-client-request-id"
HANG_S: Final = 600.0
BROKEN_AFTER: Final = 8
_RESPONSES: Final = Responses()
_CHAT: Final = ChatCompletions()
_IMAGES: Final = Images()
_LEFT: Final = 499  # nginx's number for a client that closed its connection; nobody reads it
_REFUSAL: Final = "죄송하지만 이 요청은 도와드릴 수 없어요."


class Simulated(Router):
    """The routes: POST to four model APIs; GET and DELETE /calls, POST /script (a JSON list of outcomes)."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.course = Course(self.behaviour)
        self.ledger = CallLedger()
        self.known: dict[str, Any] = {}
        self._number = 0
        gemini = "/{version}/models/{model}:"
        super().__init__(
            [
                Route("/v1/responses", self._responses, methods=["POST"]),
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/images/generations", self._images, methods=["POST"]),
                Route("/v1/images/edits", self._images, methods=["POST"]),
                Route(f"{gemini}generateContent", self._gemini, methods=["POST"]),
                Route(f"{gemini}streamGenerateContent", self._gemini_stream, methods=["POST"]),
                Route("/calls", self._report, methods=["GET"]),
                Route("/calls", self._forget, methods=["DELETE"]),
                Route("/script", self._script, methods=["POST"]),
                Route("/health/ready", self._healthy, methods=["GET"]),
                Route("/health/live", self._healthy, methods=["GET"]),
            ],
            default=_error(404, "no such address"),
        )

    async def _responses(self, request: Request) -> Response:
        return await self._answer(_RESPONSES, request)

    async def _chat(self, request: Request) -> Response:
        return await self._answer(_CHAT, request)

    async def _images(self, request: Request) -> Response:
        return await self._answer(_IMAGES, request)

    async def _gemini(self, request: Request) -> Response:
        return await self._answer(GenerateContent(request.path_params["model"], stream=False), request)

    async def _gemini_stream(self, request: Request) -> Response:
        return await self._answer(GenerateContent(request.path_params["model"], stream=True), request)

    async def _report(self, request: Request) -> Response:
        return JSONResponse(self.ledger.report(markers="markers" in request.query_params))

    async def _forget(self, _request: Request) -> Response:
        self.ledger = CallLedger(in_flight=self.ledger.in_flight)
        return JSONResponse({})

    async def _script(self, request: Request) -> Response:
        try:
            self.course.extend(json.loads(await request.body()))
        except (ValueError, TypeError) as error:
            return _error(400, str(error))
        return JSONResponse({"waiting": len(self.course.script)})

    async def _healthy(self, _request: Request) -> Response:
        return JSONResponse({})

    async def _answer(self, wire: Wire, request: Request) -> Response:
        try:
            body = await request.body()
            call = wire.parse(_read(body, request), tokens=len(body) // 4 + 1)
        except ClientDisconnect:
            return Response(status_code=_LEFT)
        except (ValueError, AttributeError, TypeError, KeyError):
            return _error(400, "request body is not what the API takes")
        outcome = self.course.next()
        retry_after_s = self.course.retry_after_s
        ledger = self.ledger
        ledger.arrived()
        ended: str = "client_left"
        streaming = False
        try:
            wait_s = HANG_S if outcome == "hang" else self.behaviour.latency_s(call.task)
            if wait_s > 0 and await _left(request, wait_s):
                return Response(status_code=_LEFT)
            ended = outcome
            if failure := wire.failure(outcome, retry_after_s):
                status, body_of_failure = failure
                limited = outcome == "rate_limited"
                headers = {"retry-after": f"{retry_after_s:.3f}"} if limited else None
                return JSONResponse(body_of_failure, status, headers)
            if outcome == "cut":
                return _Cut(headers={"content-length": "1000"}, media_type="application/json")
            ledger.billed(call.task, call.model, request.headers.get(MARKER_HEADER, ""))
            said = self._said(call, outcome)
            if not call.stream:
                return JSONResponse(wire.whole(said))
            streaming = True
            pieces = self._pieces(wire, said, ledger, outcome)
            kind = _Broken if outcome == "broken" else StreamingResponse
            return kind(pieces, media_type="text/event-stream")
        finally:
            if not streaming:
                ledger.left(ended)

    def _said(self, call: Call, outcome: Outcome) -> Said:
        self._number += 1
        if outcome == "refused":
            text = _REFUSAL
        elif outcome == "malformed":
            text = outputs.malformed(call.schema)
        else:
            known = {**outputs.KNOWN, **outputs.read(call.text), **self.known}
            text = outputs.sensible(call.schema, known) if call.schema else self._text
        refused = outcome == "refused"
        return Said(
            id=f"{self._number:08d}",
            model=call.model,
            text=text,
            refused=refused,
            input_tokens=call.input_tokens,
            output_tokens=len(text) // 2 + 1,
            cited=call.searches,
            counted=call.counts,
            picture=(NO_PICTURE if outcome == "malformed" else picture()) if call.draws else None,
        )

    @property
    def _text(self) -> str:
        return " ".join([outputs.TEXT] * self.behaviour.text_times)

    async def _pieces(
        self, wire: Wire, said: Said, ledger: CallLedger, outcome: Outcome
    ) -> AsyncIterator[bytes]:
        ended = "client_left"
        try:
            for piece in wire.pieces(said):
                yield piece
                if self.behaviour.token_s:
                    await asyncio.sleep(self.behaviour.token_s)
            ended = outcome
        finally:
            ledger.left(ended)


def _read(body: bytes, request: Request) -> dict[str, Any]:
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/"):
        return form(body, content_type)
    parsed: dict[str, Any] = from_json(body)
    return parsed


class _Cut(Response):
    """A response whose connection is closed in the middle: the server does so when an application just returns."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


class _Broken(StreamingResponse):
    """A stream whose connection is closed after BROKEN_AFTER pieces."""

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        number = 0
        async for piece in self.body_iterator:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            number += 1
            if number == BROKEN_AFTER:
                return


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": {"code": status, "message": message}}, status)


async def _left(request: Request, within_s: float) -> bool:
    """Wait `within_s`, or until the client closes its connection; whether it did."""
    try:
        async with asyncio.timeout(within_s):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True
