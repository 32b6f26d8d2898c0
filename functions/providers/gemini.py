"""Gemini by google-genai, over a session of aiohttp that we own, with a response schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

from functions.providers import failures
from functions.providers.errors import ModelError, ModelRefused, ModelUnavailable
from functions.providers.provider import (
    CONNECT_TIMEOUT_S,
    MOST_DRAWN_BYTES,
    ModelReply,
    Piece,
    Prompt,
    Sketch,
)
from functions.providers.request import Citation, Drawing, Usage
from functions.providers.settings import Endpoint

if TYPE_CHECKING:
    import aiohttp
    from google.genai.client import AsyncClient
    from google.genai.types import GenerateContentResponse

_REFUSED: Final = frozenset(
    {
        "SAFETY",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "RECITATION",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
    }
)


class Gemini:
    """Gemini. `thinking`: minimal, low, medium, high, or empty for the model's own default (billed as output)."""

    name = "gemini"

    def __init__(self, endpoint: Endpoint, thinking: str = "") -> None:
        self._endpoint = endpoint
        self._thinking = thinking
        self._client: AsyncClient | None = None
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        await self._opened()

    async def _opened(self) -> AsyncClient:
        # As for OpenAI: one caller opens, and the import (two seconds of CPU) happens in a thread.
        async with self._opening:
            if self._client is None:
                await asyncio.to_thread(_import)
                self._session = _session(self._endpoint)
                self._client = _client(self._endpoint, self._session)
            return self._client

    async def ask(self, prompt: Prompt) -> ModelReply:
        if not self._endpoint.configured:
            raise ModelUnavailable(prompt.model, "not_configured", "no key for gemini")
        client = self._client or await self._opened()
        failure: ModelError
        try:
            answer = await client.models.generate_content(
                model=prompt.model, contents=_contents(prompt), config=self._config(prompt)
            )
            return _reply(prompt.model, answer)
        except ModelError:
            raise
        except Exception as error:
            failure = _translated(prompt.model, error)
        # Raised out here so that the client's exception is not chained to it.
        raise failure

    async def write(self, prompt: Prompt) -> AsyncGenerator[Piece]:
        if not self._endpoint.configured:
            raise ModelUnavailable(prompt.model, "not_configured", "no key for gemini")
        client = self._client or await self._opened()
        last: ModelReply | None = None
        ended = False
        failure: ModelError
        try:
            stream: Any = await client.models.generate_content_stream(
                model=prompt.model, contents=_contents(prompt), config=self._config(prompt)
            )
            async with aclosing(stream):
                async for answer in stream:
                    last = _reply(prompt.model, answer)
                    if last.text:
                        yield last.text
                    for cited in _citations(answer):
                        yield cited
                    ended = ended or any(one.finish_reason for one in answer.candidates or [])
            if last and ended:
                yield last.usage
                return
            failure = ModelUnavailable(prompt.model, "connection", "the answer breaks off")
        except ModelError:
            raise
        except Exception as error:
            failure = _translated(prompt.model, error)
        raise failure

    async def draw(self, sketch: Sketch) -> Drawing:
        if not self._endpoint.configured:
            raise ModelUnavailable(sketch.model, "not_configured", "no key for gemini")
        client = self._client or await self._opened()
        failure: ModelError
        try:
            answer = await client.models.generate_content(
                model=sketch.model, contents=_shown(sketch), config=_drawing_config(sketch)
            )
            return _drawing(sketch.model, answer)
        except ModelError:
            raise
        except Exception as error:
            failure = _translated(sketch.model, error)
        raise failure

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _config(self, prompt: Prompt) -> Any:
        from google.genai import types

        thinking = types.ThinkingLevel(self._thinking.upper()) if self._thinking else None
        return types.GenerateContentConfig(
            system_instruction=prompt.instructions,
            response_mime_type="application/json" if prompt.schema else None,
            response_json_schema=prompt.schema.body if prompt.schema else None,
            tools=[types.Tool(google_search=types.GoogleSearch())] if prompt.searches else None,
            automatic_continuation=False,  # on by default, and then one ask may be any number of paid calls
            thinking_config=types.ThinkingConfig(thinking_level=thinking) if thinking else None,
            http_options=_marked(prompt.marker),
        )


def _import() -> None:
    import google.genai  # noqa: F401


def _session(endpoint: Endpoint) -> aiohttp.ClientSession:
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=endpoint.concurrency),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        trust_env=True,
    )


def _client(endpoint: Endpoint, session: aiohttp.ClientSession) -> AsyncClient:
    from google import genai
    from google.genai import types

    options = types.HttpOptions(
        base_url=endpoint.base_url,
        aiohttp_client=session,
        # Without options of its own the client sleeps up to 10 s after a lost connection and asks, and pays, again.
        retry_options=types.HttpRetryOptions(attempts=1),
    )
    return genai.Client(api_key=endpoint.api_key, vertexai=False, http_options=options).aio


def _marked(marker: str) -> Any:
    from google.genai import types

    return types.HttpOptions(headers={"X-Client-Request-Id": marker}) if marker else None


def _drawing_config(sketch: Sketch) -> Any:
    from google.genai import types

    return types.GenerateContentConfig(
        response_modalities=["IMAGE"],
        image_config=types.ImageConfig(aspect_ratio="1:1"),
        automatic_continuation=False,
        http_options=_marked(sketch.marker),
    )


def _shown(sketch: Sketch) -> Any:
    from google.genai import types

    parts = [types.Part.from_bytes(data=png, mime_type="image/png") for png in sketch.references]
    return types.Content(role="user", parts=[*parts, types.Part.from_text(text=sketch.text)])


def _drawing(model: str, answer: GenerateContentResponse) -> Drawing:
    usage = _reply(model, answer).usage
    content = answer.candidates[0].content if answer.candidates else None
    images = [part.inline_data.data for part in (content and content.parts) or [] if part.inline_data]
    if not images or not images[0]:
        raise ModelUnavailable(model, "server_error", "no picture")
    if len(images[0]) > MOST_DRAWN_BYTES:
        raise ModelUnavailable(model, "rejected", "the picture is too large")
    return Drawing(images[0], usage)


def _contents(prompt: Prompt) -> Any:
    from google.genai import types

    parts = [types.Part.from_text(text=prompt.text)]
    if prompt.image:
        parts.insert(0, types.Part.from_bytes(data=prompt.image, mime_type="image/jpeg"))
    return types.Content(role="user", parts=parts)


def _reply(model: str, answer: GenerateContentResponse) -> ModelReply:
    if answer.prompt_feedback and answer.prompt_feedback.block_reason:
        raise ModelRefused(model, answer.prompt_feedback.block_reason.value)
    candidate = next(iter(answer.candidates or []), None)
    if candidate and candidate.finish_reason and candidate.finish_reason.value in _REFUSED:
        raise ModelRefused(model, candidate.finish_reason.value)
    parts = (candidate.content.parts if candidate and candidate.content else None) or []
    used = answer.usage_metadata
    usage = Usage(
        (used and used.prompt_token_count) or 0,
        (used and used.cached_content_token_count) or 0,
        ((used and used.candidates_token_count) or 0) + ((used and used.thoughts_token_count) or 0),
    )
    return ModelReply("".join(part.text or "" for part in parts if not part.thought), usage)


def _citations(answer: GenerateContentResponse) -> list[Citation]:
    grounded = [one.grounding_metadata for one in answer.candidates or [] if one.grounding_metadata]
    pages = [chunk.web for one in grounded for chunk in one.grounding_chunks or [] if chunk.web]
    return [Citation(page.uri or "", page.title or "") for page in pages]


def _translated(model: str, error: Exception) -> ModelError:
    import aiohttp
    from google.genai import errors

    if isinstance(error, errors.APIError):
        return failures.of_status(model, error.code, wait=_wait(error))
    if isinstance(error, aiohttp.ClientError | OSError | TimeoutError):
        return failures.of_connection(model, error)
    return failures.of_answer(model, error)


def _wait(error: Any) -> str | None:
    """The time to wait, from the error's RetryInfo detail (`"retryDelay": "1.5s"`)."""
    details = error.details if isinstance(error.details, dict) else {}
    inner = details.get("error", details)
    for detail in (inner.get("details") or []) if isinstance(inner, dict) else []:
        if isinstance(detail, dict) and "retryDelay" in detail:
            return str(detail["retryDelay"])
    return None
