"""OpenAI and what speaks like it: the official client, over the Responses or the Chat Completions API.

The client is used through its generic `post` with a body of our own: building the typed request and
response models costs more CPU than the call itself, and all we need is one text. Over aiohttp, because
the default transport's connection pool is twice as dear again at 400 calls in flight.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from functions.providers import failures
from functions.providers.errors import ModelError, ModelRefused, ModelUnavailable
from functions.providers.provider import CONNECT_TIMEOUT_S, ModelReply, Piece, Prompt, Sketch, drawn
from functions.providers.request import Citation, Drawing, Usage
from functions.providers.settings import Endpoint

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI, AsyncStream

    from functions.providers.schema import WireSchema
    from functions.providers.unhurried import Unhurried


class OpenAI:
    """The Responses API. `name` is the provider's in limits, breakers and metrics."""

    path = "/responses"
    streaming: Mapping[str, Any] = {"stream": True}

    def __init__(self, name: str, endpoint: Endpoint) -> None:
        self.name = name
        self._endpoint = endpoint
        self._client: AsyncOpenAI | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        await self._opened()

    async def _opened(self) -> AsyncOpenAI:
        # One caller opens, the others of a cold start wait for it. The import takes a second of CPU:
        # in a thread, so that the loop goes on serving meanwhile.
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(_client, self._endpoint)
            return self._client

    async def ask(self, prompt: Prompt) -> ModelReply:
        if not self._endpoint.configured:
            raise ModelUnavailable(prompt.model, "not_configured", f"no key or address for {self.name}")
        client = self._client or await self._opened()
        headers = {"X-Client-Request-Id": prompt.marker} if prompt.marker else {}
        failure: ModelError
        try:
            answer = await client.post(
                self.path, cast_to=object, content=to_json(self.body(prompt)), options={"headers": headers}
            )
            return self.reply(prompt.model, answer)
        except ModelError:
            raise
        except Exception as error:
            failure = _translated(prompt.model, error)
        # Raised out here so that the client's exception, which holds the request, is not chained to it.
        raise failure

    async def write(self, prompt: Prompt) -> AsyncGenerator[Piece]:
        if not self._endpoint.configured:
            raise ModelUnavailable(prompt.model, "not_configured", f"no key or address for {self.name}")
        client = self._client or await self._opened()
        headers = {"X-Client-Request-Id": prompt.marker} if prompt.marker else {}
        content = to_json({**self.body(prompt), **self.streaming})
        ended = False
        failure: ModelError
        try:
            stream = await client.post(
                self.path,
                cast_to=object,
                content=content,
                options={"headers": headers},
                stream=True,
                stream_cls=_stream_of_objects(),
            )
            body = _unhurried(stream.response)
            async with stream:
                async for event in stream:
                    for piece in self.pieces(prompt.model, event):
                        ended = ended or isinstance(piece, Usage)
                        yield piece
                        body.hurried = False  # the first words go out at once
            if ended:
                return
            failure = ModelUnavailable(prompt.model, "connection", "the answer breaks off")
        except ModelError:
            raise
        except Exception as error:
            failure = _translated(prompt.model, error)
        raise failure

    async def draw(self, sketch: Sketch) -> Drawing:
        if not self._endpoint.configured:
            raise ModelUnavailable(sketch.model, "not_configured", f"no key or address for {self.name}")
        client = self._client or await self._opened()
        failure: ModelError
        try:
            return await _drawing(client, sketch)
        except ModelError:
            raise
        except Exception as error:
            failure = _translated(sketch.model, error)
        raise failure

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    def pieces(self, model: str, event: Any) -> Iterator[Piece]:
        """What one event of a stream holds; the usage is the last."""
        match event.get("type"):
            case "response.output_text.delta":
                yield event.get("delta") or ""
            case "response.output_text.annotation.added":
                cited = event.get("annotation") or {}
                if cited.get("type") == "url_citation":
                    yield Citation(cited.get("url") or "", cited.get("title") or "")
            case "response.refusal.delta":
                raise ModelRefused(model)
            case "response.completed" | "response.incomplete":
                yield self.reply(model, event.get("response") or {}).usage
            case "response.failed" | "error":
                told = (event.get("response") or {}).get("error") or event
                raise failures.of_status(model, 500, str(told.get("code") or ""))

    def body(self, prompt: Prompt) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "input_text", "text": prompt.text}]
        if prompt.image:
            content.append({"type": "input_image", "detail": "auto", "image_url": data_url(prompt.image)})
        body: dict[str, Any] = {
            "model": prompt.model,
            "instructions": prompt.instructions,
            "input": [{"role": "user", "content": content}],
            "store": False,
        }
        if prompt.schema:
            body["text"] = {"format": {"type": "json_schema", **_schema(prompt.schema)}}
        if prompt.searches:
            body["tools"] = [{"type": "web_search"}]
        return body

    def reply(self, model: str, answer: Any) -> ModelReply:
        """The text of a response object. A broken object becomes an empty text, which no schema takes."""
        parts = [
            part
            for item in answer.get("output") or []
            if item.get("type") == "message"
            for part in item.get("content") or []
        ]
        if any(part.get("type") == "refusal" for part in parts):
            raise ModelRefused(model)
        if (answer.get("incomplete_details") or {}).get("reason") == "content_filter":
            raise ModelRefused(model, "content_filter")
        used = answer.get("usage") or {}
        cached = (used.get("input_tokens_details") or {}).get("cached_tokens") or 0
        usage = Usage(used.get("input_tokens") or 0, cached, used.get("output_tokens") or 0)
        return ModelReply("".join(part.get("text") or "" for part in parts), usage)


class Compatible(OpenAI):
    """The Chat Completions API of any server that is compatible with it."""

    path = "/chat/completions"
    streaming: Mapping[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}

    def pieces(self, model: str, event: Any) -> Iterator[Piece]:
        choice: dict[str, Any] = next(iter(event.get("choices") or []), {})
        delta = choice.get("delta") or {}
        if delta.get("refusal") or choice.get("finish_reason") == "content_filter":
            raise ModelRefused(model)
        if delta.get("content"):
            yield delta["content"]
        if event.get("usage"):
            yield self.reply(model, event).usage

    def body(self, prompt: Prompt) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": prompt.text}]
        if prompt.image:
            content.append({"type": "image_url", "image_url": {"url": data_url(prompt.image)}})
        if prompt.searches:
            raise ModelUnavailable(prompt.model, "not_configured", "no search in the web")
        body: dict[str, Any] = {
            "model": prompt.model,
            "messages": [
                {"role": "system", "content": prompt.instructions},
                {"role": "user", "content": content},
            ],
        }
        if prompt.schema:
            body["response_format"] = {"type": "json_schema", "json_schema": _schema(prompt.schema)}
        return body

    def reply(self, model: str, answer: Any) -> ModelReply:
        choice: dict[str, Any] = next(iter(answer.get("choices") or []), {})
        message = choice.get("message") or {}
        if message.get("refusal") or choice.get("finish_reason") == "content_filter":
            raise ModelRefused(model)
        used = answer.get("usage") or {}
        cached = (used.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        usage = Usage(used.get("prompt_tokens") or 0, cached, used.get("completion_tokens") or 0)
        return ModelReply(message.get("content") or "", usage)


async def _drawing(client: AsyncOpenAI, sketch: Sketch) -> Drawing:
    """One square picture by the Images API: an edit of the references, where there are any."""
    headers = {"X-Client-Request-Id": sketch.marker} if sketch.marker else {}
    if sketch.references:
        answer = await client.images.edit(
            image=[(f"{place}.png", png, "image/png") for place, png in enumerate(sketch.references, 1)],
            prompt=sketch.text,
            model=sketch.model,
            n=1,
            size="1024x1024",
            quality="medium",
            output_format="jpeg",
            extra_headers=headers,
        )
    else:
        answer = await client.images.generate(
            prompt=sketch.text,
            model=sketch.model,
            n=1,
            size="1024x1024",
            quality="medium",
            output_format="jpeg",
            extra_headers=headers,
        )
    image = drawn(sketch.model, next((each.b64_json for each in answer.data or []), None))
    used = answer.usage
    return Drawing(image, Usage(used.input_tokens, 0, used.output_tokens) if used else Usage())


def data_url(image: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(image).decode("ascii")


def _schema(schema: WireSchema) -> dict[str, Any]:
    return {"name": schema.name, "schema": schema.body, "strict": schema.strict}


def _stream_of_objects() -> type[AsyncStream[object]]:
    from openai import AsyncStream

    return AsyncStream[object]  # of any other type it would look for a model to build, for each token anew


def _unhurried(response: httpx2.Response) -> Unhurried:
    from functions.providers.unhurried import Unhurried

    return Unhurried(response)


def _client(endpoint: Endpoint) -> AsyncOpenAI:
    import httpx2
    from openai import AsyncOpenAI, DefaultAioHttpClient

    # The total is the caller's budget, so only connecting has a timeout of its own here.
    timeout = httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S)
    limits = httpx2.Limits(
        max_connections=endpoint.concurrency, max_keepalive_connections=endpoint.concurrency
    )
    return AsyncOpenAI(
        api_key=endpoint.api_key,
        base_url=endpoint.base_url,
        max_retries=0,
        timeout=timeout,
        http_client=DefaultAioHttpClient(timeout=timeout, limits=limits, follow_redirects=False),
    )


def _translated(model: str, error: Exception) -> ModelError:
    import httpx2
    import openai

    if isinstance(error, openai.APIStatusError):
        wait = error.response.headers.get("retry-after")
        return failures.of_status(model, error.status_code, str(error.code or ""), wait)
    if isinstance(error, openai.APIConnectionError):
        # Also what the client calls a timeout: over aiohttp a lost connection arrives under that name.
        return failures.of_connection(model, error.__cause__ or error)
    if isinstance(
        error, httpx2.TransportError | OSError
    ):  # in the middle of a stream the client lets them pass
        return failures.of_connection(model, error)
    if isinstance(error, openai.APIError):  # told within a stream
        return failures.of_status(model, 500, str(error.code or ""))
    return failures.of_answer(model, error)
