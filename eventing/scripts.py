"""Lua scripts in Redis: several calls in one round trip, sent whole only where the server does not know the script."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis.asyncio import Redis


@dataclass(frozen=True)
class Script:
    """A script, which the server knows by the SHA-1 of its text."""

    text: str

    @cached_property
    def sha(self) -> str:
        """The digest in hexadecimal."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


ScriptCall = tuple[Script, Sequence[Any]]
"""A script and what follows it in EVAL: the number of keys, the keys, the arguments."""


async def run(redis: Redis, calls: Sequence[ScriptCall]) -> list[Any]:
    """The answers in order, an error in the place of a call that failed. Raises RedisError where there are none."""
    from redis.exceptions import NoScriptError

    answers = await _answers(redis, [("EVALSHA", script.sha, *words) for script, words in calls])
    new = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
    if new:
        again = await _answers(redis, [("EVAL", calls[place][0].text, *calls[place][1]) for place in new])
        for place, answer in zip(new, again, strict=True):
            answers[place] = answer
    return answers


async def _answers(redis: Redis, commands: Sequence[Sequence[Any]]) -> list[Any]:
    async with redis.pipeline(transaction=False) as pipe:
        for command in commands:
            pipe.execute_command(*command)
        return await pipe.execute(raise_on_error=False)
