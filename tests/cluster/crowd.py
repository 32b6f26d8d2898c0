"""Many scans at once, as impatient clients make them, and what each of those clients would complain about."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from uuid import uuid4

import aiohttp

from tests.end_to_end.client import Event, User
from tests.scan_line import WHOLE

PATIENCE_S = 200.0
"""More than a job's deadline (ECO2_SCAN_DEADLINE_S): a job that was forgotten has failed by then."""
AGAIN_S = 0.5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """What a client was told of its scan."""

    job_id: str
    events: list[Event]
    result: dict[str, Any]

    def complaint(self) -> str | None:
        """What is wrong with it, if anything is."""
        if self.result.get("status") != "completed":
            return f"{self.job_id}: the result is {self.result}"
        if [event.data.get("seq") for event in self.events] != WHOLE:
            return f"{self.job_id}: the stream was {[event.step for event in self.events]}"
        if self.events[-1].data["result"] != self.result:
            return f"{self.job_id}: the stream's result differs from {self.result}"
        return None


@dataclass
class Crowd:
    """Signed-in users with a picture each; `jobs` grows as scans are accepted."""

    users: list[User]
    image_urls: list[str]
    jobs: list[str] = field(default_factory=list)

    @classmethod
    @contextlib.asynccontextmanager
    async def gathered(cls, url: str, users: int) -> AsyncIterator[Self]:
        """New users."""
        async with contextlib.AsyncExitStack() as stack:
            signed_in = [await _signed_in(stack, url) for _ in range(users)]
            pictures = [await insist(user.upload) for user in signed_in]
            yield cls(signed_in, pictures)

    async def scan(self, jobs: int, model: str) -> list[Told]:
        """All at once, in turn by the users."""
        return await asyncio.gather(*(self._scan(number % len(self.users), model) for number in range(jobs)))

    async def _scan(self, number: int, model: str) -> Told:
        """Submits until accepted, by one key; connects again until the stream ends; asks until there is a result."""
        user, image_url, key = self.users[number], self.image_urls[number], str(uuid4())
        job_id = await insist(lambda: user.submit(image_url, key=key, model=model))
        self.jobs.append(job_id)
        events = await user.follow(job_id, within_s=PATIENCE_S)
        return Told(job_id, events, await insist(lambda: _result(user, job_id)))


async def insist(act: Callable[[], Awaitable[T]]) -> T:
    """Do what is safe to repeat until it works, as any client does while a service restarts."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await act()
        except (aiohttp.ClientError, OSError, AssertionError, KeyError):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(AGAIN_S)


async def _signed_in(stack: contextlib.AsyncExitStack, url: str) -> User:
    user = await stack.enter_async_context(User.anonymous(url))
    await insist(lambda: user.sign_in(f"이웃 {uuid4()}"))
    return user


async def _result(user: User, job_id: str) -> dict[str, Any]:
    answer = await user.result(job_id)
    assert answer.status in (200, 202), answer
    body: dict[str, Any] = answer.json()
    return body
