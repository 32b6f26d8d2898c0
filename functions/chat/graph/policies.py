"""How long each branch of the graph may take, how often it is tried, and what its failure means."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from functions.chat.graph.state import Branch, Found
from functions.providers.errors import ModelError
from functions.runtime.breaker import Breaker, CircuitOpen
from functions.runtime.errors import FunctionError
from functions.runtime.outside import OutsideFailure

log = logging.getLogger(__name__)
JITTER_S = (0.05, 0.2)
BREAKER_FAILURES, BREAKER_OPEN_S = 5, 15.0


@dataclass(frozen=True, slots=True)
class Policy:
    """Seconds for one attempt, attempts at most, and the place of the branch's words in the answer."""

    timeout_s: float
    attempts: int
    priority: int
    without: str


POLICIES = {
    "waste_rag": Policy(1, 1, 1, "분리배출 규정"),
    "bulk_waste": Policy(10, 2, 2, "대형폐기물 정보"),
    "collection_point": Policy(10, 2, 3, "수거함 위치"),
    "location": Policy(3, 2, 3, "가까운 장소"),
    "recyclable_price": Policy(10, 2, 4, "재활용품 시세"),
    "character": Policy(3, 1, 5, "캐릭터 정보"),
    "news": Policy(10, 2, 6, "환경 소식"),
    "web_search": Policy(10, 2, 6, "웹 검색 결과"),
    "image_generation": Policy(30, 1, 7, "그림"),
    "general": Policy(30, 2, 8, "답변"),
    "weather": Policy(5, 1, 9, "날씨"),
}
"""By branch; `without` names for the user what could not be looked up."""

BRANCH_OF = {"waste": "waste_rag", "greeting": "general"} | {
    name: name for name in POLICIES if name != "waste_rag"
}
"""By intent, the branch that looks it up."""

REQUIRED = {"waste_rag", "bulk_waste", "location", "collection_point"}
"""Branches whose failure is told in the answer even where others succeeded."""


class Guarded:
    """A branch behind its policy: it gives what it found, or that it found nothing, and never raises."""

    def __init__(self, name: str, work: Callable[[Branch], Awaitable[Found]]) -> None:
        self.name, self._work, self.policy = name, work, POLICIES[name]
        self._breaker = Breaker(name, lambda _: True, failures=BREAKER_FAILURES, open_s=BREAKER_OPEN_S)

    async def __call__(self, branch: Branch) -> Found:
        """What the branch found within its policy."""
        for attempt in range(1, self.policy.attempts + 1):
            try:
                with self._breaker.watch():
                    async with asyncio.timeout(self.policy.timeout_s):
                        return await self._work(branch)
            except Exception as error:  # the answer goes on without this branch, whatever ails it
                log.warning("%s: %s", self.name, type(error).__name__, exc_info=not _expected(error))
            if attempt < self.policy.attempts:
                await asyncio.sleep(random.uniform(*JITTER_S))
        return nothing(self.name)


def _expected(error: Exception) -> bool:
    return isinstance(error, (FunctionError, ModelError, OutsideFailure, CircuitOpen, OSError))


def found(name: str, text: str, **data: object) -> Found:
    """What a branch found."""
    return Found(ok=True, text=text, data=data, priority=POLICIES[name].priority, at=time.time())


def nothing(name: str, text: str = "") -> Found:
    """That a branch could not look it up, and what is said instead."""
    return Found(ok=False, text=text, data={}, priority=POLICIES[name].priority, at=time.time())
