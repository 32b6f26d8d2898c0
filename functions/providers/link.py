"""One provider in the chain: its limiter, its breaker and the only retry there is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final, TypeVar

from functions.providers.errors import ModelUnavailable, Reason
from functions.providers.limiter import Limiter
from functions.providers.provider import ModelReply, Piece, Prompt, Provider, Sketch
from functions.providers.request import Drawing, Usage
from functions.runtime.breaker import Breaker, CircuitOpen

RETRIED: Final[frozenset[Reason]] = frozenset({"connection", "server_error", "rate_limited"})
UNHEALTHY: Final[frozenset[Reason]] = frozenset(
    {"timeout", "connection", "server_error", "quota", "unauthorized"}
)
"""Reasons that speak against the provider. A rate limit, a refusal or a wrong request does not."""
ATTEMPTS: Final = 2
JITTER_S: Final = (0.1, 0.5)
SILENCE_S: Final = 20.0
"""The longest wait for the next piece of an answer."""


P = TypeVar("P", ModelReply, Piece)
Asking = Callable[[Prompt], AsyncGenerator[P]]
"""A call of a provider: gives its pieces, or the whole answer as the only one."""


class Link:
    """A provider behind its limits, asked at most twice."""

    def __init__(self, provider: Provider, limiter: Limiter, breaker: Breaker, *, queue_s: float) -> None:
        self.provider = provider
        self.limiter = limiter
        self.breaker = breaker
        self._queue_s = queue_s

    async def ask(self, prompt: Prompt, *, budget_s: float) -> ModelReply:
        """The provider's reply; waiting, retry and all within `budget_s`. Raises ModelUnavailable and ModelRefused."""
        (reply,) = [each async for each in self._tried(prompt, self._whole, budget_s, budget_s)]
        return reply

    def write(self, prompt: Prompt, *, budget_s: float) -> AsyncGenerator[Piece]:
        """The provider's pieces as they come; asked again only while none has come.

        Ends with a failure when nothing comes for SILENCE_S. Raises ModelUnavailable and ModelRefused.
        """
        return self._tried(prompt, self.provider.write, budget_s, SILENCE_S)

    async def _whole(self, prompt: Prompt) -> AsyncGenerator[ModelReply]:
        yield await self.provider.ask(prompt)

    async def _tried(
        self, prompt: Prompt, call: Asking[P], budget_s: float, silence_s: float
    ) -> AsyncGenerator[P]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + budget_s
        for attempt in range(1, ATTEMPTS + 1):
            began = False
            try:
                async with aclosing(self._once(prompt, call, deadline, silence_s)) as pieces:
                    async for piece in pieces:
                        began = True
                        yield piece
                return
            except ModelUnavailable as failure:
                wait_s = self._wait_s(failure, deadline - loop.time())
                if began or attempt == ATTEMPTS or wait_s is None:
                    raise
            await asyncio.sleep(wait_s)

    async def draw(self, sketch: Sketch, *, budget_s: float) -> Drawing:
        """The provider's picture, asked for once. Raises ModelUnavailable and ModelRefused.

        Past the breaker: pictures take long where texts don't, and their failures must not stop texts.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + budget_s
        wait_s = max(0.0, min(self._queue_s, budget_s / 2))
        async with self.limiter.slot(sketch.model, sketch.estimated_tokens, wait_s=wait_s) as slot:
            left_s = deadline - loop.time()
            try:
                async with asyncio.timeout(left_s):
                    drawing = await self.provider.draw(sketch)
            except TimeoutError:
                raise ModelUnavailable(sketch.model, "timeout", f"{left_s:.1f} s") from None
            slot.used = drawing.usage.input_tokens + drawing.usage.output_tokens
            return drawing

    def _wait_s(self, failure: ModelUnavailable, left_s: float) -> float | None:
        """How long to wait before the provider is asked again; None where that makes no sense."""
        if failure.reason == "rate_limited" and failure.retry_after_s:
            self.limiter.pause(failure.retry_after_s)
        wait_s = (failure.retry_after_s or 0.0) + random.uniform(*JITTER_S)
        # Waiting only makes sense if as much time again remains for the answer.
        return None if failure.reason not in RETRIED or 2 * wait_s > left_s else wait_s

    async def _once(
        self, prompt: Prompt, call: Asking[P], deadline: float, silence_s: float
    ) -> AsyncGenerator[P]:
        loop = asyncio.get_running_loop()
        wait_s = max(0.0, min(self._queue_s, (deadline - loop.time()) / 2))
        async with self.limiter.slot(prompt.model, prompt.estimated_tokens, wait_s=wait_s) as slot:
            try:
                with self.breaker.watch():
                    async with aclosing(call(prompt)) as pieces:
                        while (
                            piece := await _next(pieces, prompt.model, min(deadline - loop.time(), silence_s))
                        ) is not None:
                            usage = piece.usage if isinstance(piece, ModelReply) else piece
                            if isinstance(usage, Usage):
                                slot.used = usage.input_tokens + usage.output_tokens
                            yield piece
            except CircuitOpen as left_alone:
                raise ModelUnavailable(
                    prompt.model, "circuit_open", self.breaker.name, retry_after_s=left_alone.retry_after_s
                ) from None


async def _next(pieces: AsyncGenerator[P], model: str, within_s: float) -> P | None:
    """The next piece, or None at the end. The timeout is about this wait alone: a generator must not hold one."""
    try:
        async with asyncio.timeout(within_s):
            return await anext(pieces, None)
    except TimeoutError:
        raise ModelUnavailable(model, "timeout", f"{within_s:.1f} s") from None


def speaks_against(error: Exception) -> bool:
    """Whether an error of a call speaks against the provider, for its breaker."""
    return isinstance(error, ModelUnavailable) and error.reason in UNHEALTHY
