"""A limiter of how much one provider is asked: calls in flight and tokens a minute, first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from functions.providers.errors import ModelUnavailable


@dataclass(slots=True)
class Slot:
    """A granted right to one call. Say what the call really used, and the difference to the estimate is settled."""

    estimate: int
    used: int | None = None


class Limiter:
    """The limiter of one provider: `concurrency` calls, `tokens_per_minute` tokens (0 = any). One event loop.

    The token bucket holds one minute. A call larger than the bucket passes when the bucket is full.
    """

    def __init__(
        self,
        name: str,
        *,
        concurrency: int,
        tokens_per_minute: int = 0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.name = name
        self.in_flight = 0
        self._concurrency = concurrency
        self._capacity = float(tokens_per_minute)
        self._tokens = self._capacity
        self._clock = clock
        self._filled_at: float | None = None
        self._paused_until = float("-inf")
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def slot(self, model: str, tokens: int, *, wait_s: float) -> AsyncIterator[Slot]:
        """Hold a slot for one call of about `tokens`.

        Raises ModelUnavailable: `busy` after `wait_s`, `rate_limited` at once when a pause is longer.
        """
        pause_s = self._paused_until - self._now()
        if pause_s > wait_s:
            raise ModelUnavailable(model, "rate_limited", self.name, retry_after_s=pause_s)
        if self._waiting or not self._free(tokens):
            await self._queue(model, tokens, wait_s)
        else:
            self._take(tokens)
        slot = Slot(tokens)
        try:
            yield slot
        finally:
            self.in_flight -= 1
            if self._capacity and slot.used is not None:
                self._tokens = min(self._capacity, self._tokens + slot.estimate - slot.used)
            self._admit()

    def pause(self, seconds: float) -> None:
        """Start nothing new for a while: the provider said so (Retry-After)."""
        self._paused_until = max(self._paused_until, self._now() + seconds)

    async def _queue(self, model: str, tokens: int, wait_s: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (turn, tokens)
        self._waiting.append(entry)
        self._admit()
        try:
            async with asyncio.timeout(wait_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._give_back(tokens)  # granted in the same moment the caller left
            elif entry in self._waiting:
                self._waiting.remove(entry)
            self._admit()
            if isinstance(error, TimeoutError):
                raise ModelUnavailable(model, "busy", f"no place at {self.name} in {wait_s:.1f} s") from None
            raise

    def _admit(self) -> None:
        """Let the head of the queue through while it fits; else look again when it may."""
        while self._waiting and self._free(self._waiting[0][1]):
            turn, tokens = self._waiting.popleft()
            if turn.cancelled():
                continue
            self._take(tokens)
            turn.set_result(None)
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if self._waiting and self.in_flight < self._concurrency:
            delay = max(0.001, self._ready_in(self._waiting[0][1]))
            self._alarm = asyncio.get_running_loop().call_later(delay, self._admit)

    def _free(self, tokens: int) -> bool:
        return self.in_flight < self._concurrency and self._ready_in(tokens) <= 0

    def _ready_in(self, tokens: int) -> float:
        """Seconds until the pause is over and the bucket holds enough."""
        now = self._now()
        pause = self._paused_until - now
        if not self._capacity:
            return pause
        filled_at = now if self._filled_at is None else self._filled_at
        self._tokens = min(self._capacity, self._tokens + (now - filled_at) * self._capacity / 60)
        self._filled_at = now
        missing = min(float(tokens), self._capacity) - self._tokens
        return max(pause, missing * 60 / self._capacity)

    def _take(self, tokens: int) -> None:
        self.in_flight += 1
        if self._capacity:
            self._tokens -= tokens

    def _give_back(self, tokens: int) -> None:
        self.in_flight -= 1
        if self._capacity:
            self._tokens = min(self._capacity, self._tokens + tokens)

    def _now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()
