"""What a provider's odd answers become, by the real clients, and that its words stay out of our errors."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest

from embedded.servers.process import free_port
from functions.providers.errors import ModelError, ModelUnavailable
from functions.providers.failures import seconds
from functions.providers.models import Models
from functions.providers.settings import ProviderSettings
from process.settings import read
from tests.functions.providers.conftest import GEMINI_KEY, OPENAI_KEY, question, running

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")

MODELS = ["gpt-5.2", "gemini-3-flash-preview", "qwen-vl"]


class Fixed:
    """Gives every request the same answer, and echoes its credentials where it can."""

    def __init__(self, status: int, body: bytes, kind: bytes = b"application/json") -> None:
        self.status, self.body, self.kind = status, body, kind
        self.requests = 0

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        self.requests += 1
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", self.kind), (b"retry-after", b"3600")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


async def failure_of(model: str, app: Fixed) -> ModelError:
    async with running(app) as url:
        return await failure_at(model, url)


async def failure_at(model: str, url: str) -> ModelError:
    settings = read(
        ProviderSettings,
        {
            "ECO2_MODEL_FALLBACK": "",
            "ECO2_OPENAI_BASE_URL": f"{url}/v1",
            "ECO2_OPENAI_API_KEY": OPENAI_KEY,
            "ECO2_GEMINI_BASE_URL": url,
            "ECO2_GEMINI_API_KEY": GEMINI_KEY,
            "ECO2_COMPATIBLE_BASE_URL": f"{url}/v1",
            "ECO2_COMPATIBLE_API_KEY": OPENAI_KEY,
            "ECO2_COMPATIBLE_MODEL": "qwen-vl",
        },
    )
    models = Models(settings)
    with pytest.raises(ModelError) as raised:
        await models.complete(model, question(), budget_s=10)
    await models.close()
    return raised.value


def error(code: str = "") -> bytes:
    told = f"Incorrect API key provided: {OPENAI_KEY} {GEMINI_KEY}"
    return json.dumps({"error": {"message": told, "code": code, "type": "x", "status": "X"}}).encode()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("status", "body", "reason", "retryable", "requests"),
    [
        (400, error(), "rejected", False, 1),
        (401, error(), "unauthorized", False, 1),
        (402, error(), "quota", False, 1),
        (403, error(), "unauthorized", False, 1),
        (404, error(), "rejected", False, 1),
        (408, error(), "server_error", True, 1),
        (429, error(), "rate_limited", True, 1),
        (503, error(), "server_error", True, 1),
        (503, b"<html>bad gateway</html>", "server_error", True, 1),
        (200, b"<html>captive portal</html>", "server_error", True, 2),
    ],
)
async def test_a_status_becomes_a_reason(
    model: str, status: int, body: bytes, reason: str, retryable: bool, requests: int
) -> None:
    app = Fixed(status, body)
    failure = await failure_of(model, app)
    assert getattr(failure, "reason", None) == reason
    assert failure.retryable == retryable
    if model != "gemini-3-flash-preview":  # Gemini tells how long to wait in the body, not in a header
        assert app.requests == requests
    assert OPENAI_KEY not in str(failure)
    assert GEMINI_KEY not in str(failure)
    assert failure.__cause__ is failure.__context__ is None


@pytest.mark.parametrize("model", MODELS)
async def test_nobody_at_the_address_is_a_failed_connection(model: str) -> None:
    failure = await failure_at(model, f"http://127.0.0.1:{free_port()}")
    assert isinstance(failure, ModelUnavailable)
    assert failure.reason == "connection"
    assert failure.retryable
    assert failure.__cause__ is failure.__context__ is None


RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3600s"}


@pytest.mark.parametrize(
    ("model", "body", "wait_s"),
    [
        ("gpt-5.2", error(), 3600),
        ("qwen-vl", error(), 3600),
        ("gemini-3-flash-preview", json.dumps({"error": {"details": [RETRY_INFO]}}).encode(), 3600),
        ("gemini-3-flash-preview", json.dumps({"error": {"details": [7, {}]}}).encode(), None),
        ("gemini-3-flash-preview", json.dumps({"error": "words"}).encode(), None),
    ],
)
async def test_how_long_to_wait_is_the_providers_word(model: str, body: bytes, wait_s: float | None) -> None:
    failure = await failure_of(model, Fixed(429, body))
    assert isinstance(failure, ModelUnavailable)
    assert (failure.reason, failure.retry_after_s) == ("rate_limited", wait_s)


@pytest.mark.parametrize("model", MODELS)
async def test_an_answer_without_a_text_is_invalid(model: str) -> None:
    failure = await failure_of(model, Fixed(200, b"{}"))
    assert type(failure).__name__ == "ModelOutputInvalid"


@pytest.mark.parametrize(
    ("model", "status", "body"),
    [
        ("gpt-5.2", 400, error("content_policy_violation")),
        ("gpt-5.2", 200, b'{"incomplete_details":{"reason":"content_filter"}}'),
        ("qwen-vl", 400, error("content_filter")),
        ("qwen-vl", 200, b'{"choices":[{"finish_reason":"content_filter","message":{"content":null}}]}'),
        ("gemini-3-flash-preview", 200, b'{"candidates":[{"finishReason":"SAFETY"}]}'),
        ("gemini-3-flash-preview", 200, b'{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}'),
    ],
)
async def test_every_way_to_refuse_is_a_refusal(model: str, status: int, body: bytes) -> None:
    failure = await failure_of(model, Fixed(status, body))
    assert type(failure).__name__ == "ModelRefused"


async def test_no_credit_is_no_rate_limit() -> None:
    failure = await failure_of("gpt-5.2", Fixed(429, error("insufficient_quota")))
    assert getattr(failure, "reason", None) == "quota"
    assert not failure.retryable


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("2", 2),
        ("0.5", 0.5),
        ("1.5s", 1.5),
        (None, None),
        ("-1", None),
        ("nan", None),
        ("1e9", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_a_time_to_wait_is_read_in_seconds(header: str | None, wanted: float | None) -> None:
    assert seconds(header) == wanted
