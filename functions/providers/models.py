"""Every model behind one call, with its fallbacks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from functions.providers import offline
from functions.providers.errors import (
    ChainExhausted,
    ModelError,
    ModelOutputInvalid,
    ModelRefused,
    ModelUnavailable,
)
from functions.providers.limiter import Limiter
from functions.providers.link import Link, speaks_against
from functions.providers.prices import PriceTable
from functions.providers.provider import OUTPUT_TOKENS, ModelReply, Prompt, Provider, Sketch
from functions.providers.registry import chain_of, models_of, provider_of
from functions.providers.request import (
    Answering,
    Citation,
    Completion,
    Drawing,
    DrawingRequest,
    ModelRequest,
    T,
    TextRequest,
    Usage,
)
from functions.providers.settings import ProviderSettings
from functions.runtime.breaker import Breaker
from process import tracing

log = logging.getLogger(__name__)

OFFLINE_RESERVE_S: Final = 2.0
"""Kept back for the model `local` while others are asked before it."""

_REPAIR: Final = (
    "\n\nYour previous answer did not fit the schema. Findings: {findings}\n"
    "Answer again, completely, as JSON that fits the schema."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One call to a model of a chain, told to `observe` for metrics and traces.

    `outcome`: ok, or the reason of ModelUnavailable, or refused, or invalid_output.
    """

    provider: str
    model: str
    task: str
    outcome: str
    usage: Usage
    cost_usd: float
    duration_s: float


@dataclass(slots=True)
class Spending:
    """What a call under way takes: cost and time are known at its end."""

    usage: Usage = field(default_factory=Usage)
    cost_usd: float = 0.0
    duration_s: float = 0.0


AnyRequest: TypeAlias = ModelRequest[Any] | TextRequest | DrawingRequest


def _attributes(provider: str, model: str, request: AnyRequest) -> dict[str, str]:
    """By OpenTelemetry's conventions for generative models; never what was asked or answered."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _PROVIDER_NAMES.get(provider, provider),
        "gen_ai.request.model": model,
        "gen_ai.output.type": _OUTPUTS.get(type(request), "json"),
        "eco2.task": request.task,
    }


def _used(spent: Spending) -> dict[str, int | float]:
    return {
        "gen_ai.usage.input_tokens": spent.usage.input_tokens,
        "gen_ai.usage.cache_read.input_tokens": spent.usage.cached_tokens,
        "gen_ai.usage.output_tokens": spent.usage.output_tokens,
        "eco2.cost_usd": spent.cost_usd,
    }


_PROVIDER_NAMES = {"gemini": "gcp.gemini"}
_OUTPUTS: dict[type[Any], str] = {TextRequest: "text", DrawingRequest: "image"}


class Models:
    """The configured models, of one event loop. Have one a process: limits only hold where all calls pass."""

    def __init__(
        self,
        settings: ProviderSettings,
        *,
        observe: Callable[[Asked], None] | None = None,
        allow: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        """`allow` is asked before each call that leaves us whether it is within the budget of the request's user."""
        self.settings = settings
        self._allow = allow
        self.prices = PriceTable.load(settings.model_prices)
        self._observe = observe or (lambda _: None)
        self._links: dict[str, Link] = {}
        self._warming: set[asyncio.Task[None]] = set()
        for model in (*models_of(settings), *settings.model_fallback, *settings.image_models):
            provider_of(model, settings)  # a name without a provider is found here, not in the first call

    async def complete(self, model: str, request: ModelRequest[T], *, budget_s: float) -> Completion[T]:
        """A valid answer within `budget_s` from `model` (empty: the default) or from a fallback of it.

        Each model gets an equal share of what is left, at most the configured timeout; one that fails
        early leaves its time to the next. Raises UnknownModel, ModelRefused (at once: another model is
        not asked), or the failure: of the only model asked, else ChainExhausted.
        """
        chain = chain_of(model, self.settings)
        deadline = time.monotonic() + budget_s
        failures: dict[str, ModelError] = {}
        for place, name in enumerate(chain):
            share_s = self._share_s(chain[place:], deadline - time.monotonic())
            try:
                return await self._asked(name, request, share_s)
            except ModelRefused:
                raise
            except ModelError as failure:
                failures[name] = failure
                log.warning("task %s: %s", request.task, failure)
        raise _of_all(failures)

    async def write(
        self, model: str, request: TextRequest, *, budget_s: float
    ) -> AsyncGenerator[str | Citation | Answering]:
        """The answer piece by piece, from `model` (empty: the default) or, before the first piece, from a fallback.

        Who answers is told before the first piece.
        After the first piece a failure is raised and nobody else is asked: the caller has shown a part of the answer.
        Close the generator where it is not read to its end. Raises as `complete` does.
        """
        chain = chain_of(model, self.settings)
        deadline = time.monotonic() + budget_s
        failures: dict[str, ModelError] = {}
        for name in chain:
            began = False
            try:
                async with aclosing(self._written(name, request, deadline - time.monotonic())) as pieces:
                    async for piece in pieces:
                        if not began:
                            began = True
                            yield Answering(name)
                        yield piece
                return
            except ModelRefused:
                raise
            except ModelError as failure:
                log.warning("task %s: %s", request.task, failure)
                if began:
                    raise
                failures[name] = failure
        raise _of_all(failures)

    async def draw(self, model: str, request: DrawingRequest, *, budget_s: float) -> Drawing:
        """A picture by `model`, asked for once, so that nobody pays twice. Raises ModelUnavailable and ModelRefused."""
        provider = provider_of(model, self.settings)
        with self._measured(provider, model, request) as spent:
            await self._within_budget(model, request)
            drawing = await self._link(provider).draw(Sketch.of(model, request), budget_s=budget_s)
            spent.usage = drawing.usage
            return drawing

    def warm(self, model: str = "") -> None:
        """Import and make the model's client in the background; a failure is only logged."""
        provider = provider_of(model or self.settings.model, self.settings)
        if provider != offline.MODEL and self.settings.endpoint(provider).configured:
            task = asyncio.create_task(self._link(provider).provider.open(), name=f"warm {provider}")
            self._warming.add(task)
            task.add_done_callback(self._warmed)

    async def close(self) -> None:
        """Close every client."""
        for task in self._warming:
            task.cancel()
        for link in self._links.values():
            await link.provider.close()
        self._links.clear()

    def breaker(self, provider: str) -> Breaker:
        """The circuit breaker of openai, gemini, compatible or simulated."""
        return self._link(provider).breaker

    def _share_s(self, chain: tuple[str, ...], left_s: float) -> float:
        """Seconds for the first model of what remains of the chain."""
        if chain[0] == offline.MODEL:
            return max(left_s, 0.1)
        reserve_s = min(OFFLINE_RESERVE_S, left_s / 5) if offline.MODEL in chain else 0.0
        remote = sum(1 for name in chain if name != offline.MODEL)
        return max(min(self.settings.model_timeout_s, (left_s - reserve_s) / remote), 0.05)

    @contextmanager
    def _measured(self, provider: str, model: str, request: AnyRequest) -> Iterator[Spending]:
        """The span of a call, and what `observe` is told of it, however it ends."""
        started = time.monotonic()
        spent, outcome = Spending(), "cancelled"
        try:
            with tracing.call(f"chat {model}", lambda: _attributes(provider, model, request)) as span:
                try:
                    yield spent
                finally:
                    spent.cost_usd = self.prices.cost_usd(model, spent.usage)
                    if span.is_recording():
                        span.set_attributes(_used(spent))
            outcome = "ok"
        except ModelError as failure:
            outcome = failure.error_type
            raise
        finally:
            spent.duration_s = time.monotonic() - started
            asked = Asked(
                provider, model, request.task, outcome, spent.usage, spent.cost_usd, spent.duration_s
            )
            self._observe(asked)

    async def _asked(self, model: str, request: ModelRequest[T], budget_s: float) -> Completion[T]:
        provider = provider_of(model, self.settings)
        with self._measured(provider, model, request) as spent:
            if provider == offline.MODEL:
                output = await offline.answer(request, budget_s=budget_s)
            else:
                output = await self._valid(provider, model, request, budget_s, spent)
        tokens = spent.usage.input_tokens, spent.usage.output_tokens
        return Completion(output, provider, model, *tokens, spent.cost_usd, spent.duration_s)

    async def _written(
        self, model: str, request: TextRequest, budget_s: float
    ) -> AsyncGenerator[str | Citation]:
        provider = provider_of(model, self.settings)
        if provider == offline.MODEL:
            if request.offline is None:
                raise ModelUnavailable(model, "not_configured", f"no offline answer for {request.task}")
            yield request.offline()
            return
        prompt, length = Prompt.written(model, request), 0
        link = self._link(provider)
        with self._measured(provider, model, request) as spent:
            try:
                await self._within_budget(model, request)
                async with aclosing(link.write(prompt, budget_s=budget_s)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Usage):
                            spent.usage = piece
                            continue
                        length += len(piece) if isinstance(piece, str) else 0
                        yield piece
            finally:
                if length and spent.usage == Usage():  # it broke off, and nobody told what it cost
                    spent.usage = Usage(prompt.estimated_tokens - OUTPUT_TOKENS, 0, length)

    async def _valid(
        self, provider: str, model: str, request: ModelRequest[T], budget_s: float, spent: Spending
    ) -> T:
        """A valid output of one model; when the output breaks its schema, ask once more with the findings."""
        deadline = time.monotonic() + budget_s
        link = self._link(provider)
        prompt = Prompt.of(model, request)
        await self._within_budget(model, request)
        reply = await link.ask(prompt, budget_s=budget_s)
        spent.usage += reply.usage
        try:
            return _parsed(model, request, reply)
        except ModelOutputInvalid as invalid:
            log.info("task %s: asking for a repair: %s", request.task, invalid)
            findings = "; ".join(invalid.findings[:10])
        await self._within_budget(model, request)
        prompt = replace(prompt, text=prompt.text + _REPAIR.format(findings=findings))
        reply = await link.ask(prompt, budget_s=max(deadline - time.monotonic(), 0.05))
        spent.usage += reply.usage
        return _parsed(model, request, reply)

    async def _within_budget(self, model: str, request: AnyRequest) -> None:
        if request.user_id and self._allow is not None and not await self._allow(request.user_id):
            raise ModelUnavailable(model, "budget", "this user's calls are used up")

    def _link(self, provider: str) -> Link:
        link = self._links.get(provider)
        if link is None:
            settings = self.settings
            endpoint = settings.endpoint(provider)
            limiter = Limiter(
                provider, concurrency=endpoint.concurrency, tokens_per_minute=endpoint.tokens_per_minute
            )
            breaker = Breaker(
                provider,
                speaks_against,
                failures=settings.breaker_failures,
                open_s=settings.breaker_open_s,
            )
            link = Link(_provider(provider, settings), limiter, breaker, queue_s=settings.model_queue_s)
            self._links[provider] = link
        return link

    def _warmed(self, task: asyncio.Task[None]) -> None:
        self._warming.discard(task)
        if not task.cancelled() and task.exception():
            log.warning("%s failed: %s", task.get_name(), type(task.exception()).__name__)


def _provider(name: str, settings: ProviderSettings) -> Provider:
    from functions.providers.gemini import Gemini
    from functions.providers.openai import Compatible, OpenAI

    match name:
        case "openai" | "simulated":
            return OpenAI(name, settings.endpoint(name))
        case "gemini":
            return Gemini(settings.endpoint("gemini"), settings.gemini_thinking)
        case _:
            return Compatible("compatible", settings.endpoint("compatible"))


def _of_all(failures: dict[str, ModelError]) -> ModelError:
    """The failure of the only model asked, else that of the whole chain."""
    return next(iter(failures.values())) if len(failures) == 1 else ChainExhausted(failures)


def _parsed(model: str, request: ModelRequest[T], reply: ModelReply) -> T:
    """The reply as the wanted type. Raises ModelOutputInvalid; its findings name places and rules, never the values."""
    try:
        return request.output.model_validate_json(reply.text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        findings = [f"{'.'.join(map(str, each['loc'])) or 'output'}: {each['msg']}" for each in found]
    raise ModelOutputInvalid(model, findings)
