"""Publishing of progress: one script numbers an event, keeps it and hands it to the router.

Besides the shard's stream each job has a list of its own entries. Without it every connecting client would read
a whole shard (10,000 entries at MAXLEN) to find ten of its job; with it a connect is one LRANGE. The price is
that an entry is held twice for as long as its job runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from eventing import scripts
from eventing.batch import Batch
from eventing.ids import SHARDS, shard_of
from eventing.progress import keys
from eventing.progress.events import Progress

if TYPE_CHECKING:
    from redis.asyncio import Redis

STREAM_LENGTH = 10_000  # a shard's entries, about: 40 s of buffer at 1,000 events/s over 4 shards
JOB_TTL_S = 3600  # numbers and markers outlive every redelivery (Trigger retries end within minutes)
ENDED_TTL_S = 300  # entries of an ended job; after that its history comes from the truth

# KEYS: shard stream, job hash, history list
# ARGV: marker or '', floor, stage, JSON without seq, stream length, job ttl, history ttl, 1 if it ends the job, job,
#       1 if the floor is its very number
# Tokens, which have no marker, come by the hundred within minutes: they prolong no life, and give one to new keys only.
_PUBLISH = scripts.Script("""
local marker = ARGV[1]
local known = redis.call('HMGET', KEYS[2], 'seq', 'ended', marker)
if known[2] or known[3] then return false end
if ARGV[10] == '1' and (tonumber(known[1]) or 0) >= tonumber(ARGV[2]) then return false end
local seq = math.max((tonumber(known[1]) or 0) + 1, tonumber(ARGV[2]))
local changed = {'seq', seq}
if marker ~= '' then changed[3], changed[4] = marker, 1 end
if ARGV[8] == '1' then changed[#changed + 1], changed[#changed + 2] = 'ended', 1 end
redis.call('HSET', KEYS[2], unpack(changed))
local entry = seq .. ' ' .. ARGV[3] .. '\\n{"seq":' .. seq .. ',' .. string.sub(ARGV[4], 2)
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[5], '*', 'job', ARGV[9], 'entry', entry)
redis.call('RPUSH', KEYS[3], entry)
if marker ~= '' or not known[1] then
  redis.call('EXPIRE', KEYS[2], ARGV[6])
  redis.call('EXPIRE', KEYS[3], ARGV[7])
end
return seq
""")
_MARKER = 4  # its place among a call's words
PACE_S = 0.008  # events of 8 ms share a round trip
_Call = tuple[Any, ...]


class ProgressStreams:
    """The publishing side of one domain's progress; `streams` is the client of the streams role."""

    def __init__(self, streams: Redis, domain: str) -> None:
        from redis.exceptions import RedisError  # whoever has a client has it loaded

        self.streams = streams
        self.domain = domain
        # What failed is not tried again one by one: a part may be there, and a token might be told twice.
        self._batch: Batch[Sequence[_Call], list[int | None]] = Batch(
            self._send, pace_s=PACE_S, whole=(RedisError,)
        )

    async def publish(self, progress: Progress, *, floor: int = 1, number: int | None = None) -> int | None:
        """Publish an event; gives its seq, None when (job, stage, status) was published before or the job has ended.

        seq = max(previous + 1, `floor`), so that numbering goes on where Redis was lost. A linear pipeline gives
        each event its `number` instead: then seq is that, and None when the job is past it already – a
        redelivery after Redis lost its markers, or an event overtaken by the next, which clients get from the
        truth. The end of a job is never left out; its number is a floor. Tokens may repeat their stage and
        status. Raises redis.RedisError.
        """
        (seq,) = await self._batch.add([self._call(progress, floor, number)])
        return seq

    async def publish_all(self, events: Sequence[Progress], *, floor: int) -> list[int | None]:
        """Publish events of one job in their order and in one round trip; gives their seqs, as `publish` does."""
        return await self._batch.add([self._call(progress, floor, None) for progress in events])

    def _call(self, progress: Progress, floor: int, number: int | None) -> _Call:
        job_id, stage = progress.job_id, progress.stage
        return (
            3,
            keys.shard_stream(self.domain, shard_of(job_id, SHARDS)),
            keys.job(self.domain, job_id),
            keys.history(self.domain, job_id),
            "" if stage == "token" else f"{stage} {progress.status}",
            max(floor, 1) if number is None else number,
            stage,
            progress.data(),
            STREAM_LENGTH,
            JOB_TTL_S,
            ENDED_TTL_S if progress.terminal else JOB_TTL_S,
            1 if progress.terminal else 0,
            job_id,
            0 if number is None or progress.terminal else 1,
        )

    async def _send(self, rows: Sequence[Sequence[_Call]]) -> Sequence[list[int | None]]:
        from redis.exceptions import ConnectionError as RedisConnectionError

        calls = [call for row in rows for call in row]
        try:
            seqs = iter(await self._run(calls))
        except RedisConnectionError:
            if any(call[_MARKER] == "" for call in calls):
                raise  # a token might be there twice
            # The pool's connection was from before a restart of Redis; the markers make a second try safe.
            seqs = iter(await self._run(calls))
        return [[next(seqs) for _ in row] for row in rows]

    async def _run(self, calls: Sequence[_Call]) -> Sequence[int | None]:
        answers = await scripts.run(self.streams, [(_PUBLISH, call) for call in calls])
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [None if answer is None else int(answer) for answer in answers]

    async def forget(self, job_id: str) -> None:
        """Drop the job's numbers, markers and history, so that a job that ended may go on. Raises RedisError."""
        await self.streams.delete(
            keys.job(self.domain, job_id), keys.history(self.domain, job_id), keys.state(self.domain, job_id)
        )
