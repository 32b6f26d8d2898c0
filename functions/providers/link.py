"""One provider in the chain: its limiter, its breaker and the only retry there is."""

from __future__ import annotations

import asyncio
import random
from typing import Final

from functions.providers.errors import ModelUnavailable, Reason
from functions.providers.limiter import Limiter
from functions.providers.provider import ModelReply, Prompt, Provider
from functions.runtime.breaker import Breaker, CircuitOpen

RETRIED: Final[frozenset[Reason]] = frozenset({"connection", "server_error", "rate_limited"})
UNHEALTHY: Final[frozenset[Reason]] = frozenset(
    {"timeout", "connection", "server_error", "quota", "unauthorized"}
)
"""Reasons that speak against the provider. A rate limit, a refusal or a wrong request does not."""
ATTEMPTS: Final = 2
JITTER_S: Final = (0.1, 0.5)


class Link:
    """A provider behind its limits, asked at most twice."""

    def __init__(self, provider: Provider, limiter: Limiter, breaker: Breaker, *, queue_s: float) -> None:
        self.provider = provider
        self.limiter = limiter
        self.breaker = breaker
        self._queue_s = queue_s

    async def ask(self, prompt: Prompt, *, budget_s: float) -> ModelReply:
        """The provider's reply; waiting, retry and all within `budget_s`. Raises ModelUnavailable and ModelRefused."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + budget_s
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._once(prompt, deadline - loop.time())
            except ModelUnavailable as failure:
                if failure.reason == "rate_limited" and failure.retry_after_s:
                    self.limiter.pause(failure.retry_after_s)
                wait_s = (failure.retry_after_s or 0.0) + random.uniform(*JITTER_S)
                # Waiting only makes sense if as much time again remains for the answer.
                if (
                    attempt == ATTEMPTS
                    or failure.reason not in RETRIED
                    or 2 * wait_s > deadline - loop.time()
                ):
                    raise
            await asyncio.sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, prompt: Prompt, remaining_s: float) -> ModelReply:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + remaining_s
        estimate = prompt.estimated_tokens
        wait_s = max(0.0, min(self._queue_s, remaining_s / 2))
        async with self.limiter.slot(prompt.model, estimate, wait_s=wait_s) as slot:
            try:
                with self.breaker.watch():
                    reply = await _in_time(self.provider, prompt, deadline - loop.time())
            except CircuitOpen as left_alone:
                raise ModelUnavailable(
                    prompt.model, "circuit_open", self.breaker.name, retry_after_s=left_alone.retry_after_s
                ) from None
            slot.used = reply.usage.input_tokens + reply.usage.output_tokens
            return reply


async def _in_time(provider: Provider, prompt: Prompt, budget_s: float) -> ModelReply:
    try:
        async with asyncio.timeout(budget_s):
            return await provider.ask(prompt)
    except TimeoutError:
        raise ModelUnavailable(prompt.model, "timeout", f"{budget_s:.1f} s") from None


def speaks_against(error: Exception) -> bool:
    """Whether an error of a call speaks against the provider, for its breaker."""
    return isinstance(error, ModelUnavailable) and error.reason in UNHEALTHY
