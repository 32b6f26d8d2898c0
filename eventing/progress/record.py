"""The record of a job so far: from Redis, and from the database where Redis does not suffice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from eventing.progress import keys
from eventing.progress.events import Progress, ProgressEntry, in_order

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = logging.getLogger(__name__)
History = Callable[[], Awaitable[Sequence[Progress]]]
"""The job's events with their seq as PostgreSQL knows them; all of them once the job has ended."""

_READING_AT_ONCE = 32  # a thousand streams that catch up together take turns
_ASKING_TRUTH_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Missed:
    """The entries that a stream has to send to be up to date; `ended` when it had sent the job's end before."""

    entries: list[ProgressEntry]
    ended: bool
    unknown: bool  # neither Redis nor the truth could be asked


class Record:
    """The records of one domain's jobs, read with a bound on how much is asked at once."""

    def __init__(self, streams: Redis, domain: str) -> None:
        self.streams = streams
        self.domain = domain
        self.asked_truth = 0
        self._reading = asyncio.Semaphore(_READING_AT_ONCE)
        self._asking_truth = asyncio.Semaphore(_ASKING_TRUTH_AT_ONCE)

    async def after(
        self, job_id: str, last: int, arrived: Sequence[bytes], history: History, *, ask_truth: bool = False
    ) -> Missed:
        """The entries after `last`, from Redis and from what has `arrived` live.

        The truth is asked as well when Redis knows nothing of the job, less than was sent, or with holes (it was
        lost, has forgotten the ended job, or an event never reached it), and when `ask_truth`.
        """
        kept = await self._kept(job_id)
        known = [*(kept or ()), *(ProgressEntry.parse(message) for message in arrived)]
        fresh = in_order(known, after=last)
        whole = bool(kept) and kept is not None and kept[-1].seq >= last and not _has_holes(fresh, last)
        unknown = False
        if ask_truth or not whole:
            told = await self._truth(job_id, history)
            unknown = told is None and kept is None
            known += told or ()
            fresh = in_order(known, after=last)
        return Missed(fresh, any(entry.terminal and entry.seq <= last for entry in known), unknown)

    async def _kept(self, job_id: str) -> list[ProgressEntry] | None:
        """The job's entries in Redis; None when Redis is out of reach."""
        from redis.exceptions import RedisError

        try:
            async with self._reading:
                raw = await self.streams.lrange(keys.history(self.domain, job_id), 0, -1)
        except (RedisError, OSError) as error:
            _log.warning("history of job %s is out of reach: %s", job_id, error or type(error).__name__)
            return None
        return [ProgressEntry.parse(entry) for entry in cast("list[bytes]", raw)]

    async def _truth(self, job_id: str, history: History) -> list[ProgressEntry] | None:
        """The job's entries by the database; None when it is out of reach."""
        try:
            async with self._asking_truth:
                self.asked_truth += 1
                return [ProgressEntry.of(progress) for progress in await history()]
        except Exception:  # whatever went wrong there is its domain's; the stream must outlive it
            _log.exception("the truth about job %s is out of reach", job_id)
            return None


def _has_holes(fresh: list[ProgressEntry], last: int) -> bool:
    return bool(fresh) and fresh[-1].seq - last != len(fresh)
