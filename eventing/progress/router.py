"""The router carries entries from the shards' streams to the jobs' channels, at least once, skipping none."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventing import scripts
from eventing.ids import SHARDS
from eventing.progress import keys
from process.tasks import cancelled

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = logging.getLogger(__name__)
STATE_TTL_S = 3600
COUNT = 100
"""Entries that are read, and relayed, together."""
DEFAULT_SOCKET_TIMEOUT_S = 5.0  # redis-py's own since 8.0
PACE_S = 0.008  # a round costs about the same for one entry as for fifty
_BACKOFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # by consecutive failures; the last one stays

# Settles a batch: states move forward only, so a repeated or late entry leaves them; then messages, then acks.
# KEYS: states, then shard streams. ARGV: ttl, group, number of states, number of messages, a JSON a state,
# channel and message a message, then for each stream the number of its ids and the ids.
_SETTLE = scripts.Script("""
local states, messages, at = tonumber(ARGV[3]), tonumber(ARGV[4]), 5
for i = 1, states do
  local new, known = ARGV[at], redis.call('GET', KEYS[i])
  local seq = known and tonumber(string.match(known, '^{"seq":(%d+)'))
  if not seq or seq < tonumber(string.match(new, '^{"seq":(%d+)')) then
    redis.call('SET', KEYS[i], new, 'EX', ARGV[1])
  end
  at = at + 1
end
for _ = 1, messages do
  redis.call('PUBLISH', ARGV[at], ARGV[at + 1])
  at = at + 2
end
for i = states + 1, #KEYS do
  local last = at + tonumber(ARGV[at])
  redis.call('XACK', KEYS[i], ARGV[2], unpack(ARGV, at + 1, last))
  at = last + 1
end
""")


@dataclass(frozen=True, slots=True)
class Routed:
    """A stream entry on its way: where it lies, whose it is, and the entry itself."""

    stream: str
    id: bytes
    job_id: str
    entry: bytes

    @property
    def domain(self) -> str:
        """The domain whose stream this is."""
        return self.stream.partition(":")[0]

    @property
    def json(self) -> bytes:
        """The event as the client gets it, `seq` first."""
        return self.entry.partition(b"\n")[2]


def read_entries(
    stream: str, raw: Sequence[tuple[bytes, dict[bytes, bytes]]]
) -> tuple[list[Routed], list[bytes]]:
    """Parse stream entries into (routable, ids of what is none: trimmed while pending, or not ours)."""
    routed: list[Routed] = []
    foreign: list[bytes] = []
    for entry_id, fields in raw:
        entry = fields.get(b"entry", b"") if fields else b""
        if fields and b"job" in fields and entry.partition(b"\n")[2].startswith(b'{"seq":'):
            routed.append(Routed(stream, entry_id, fields[b"job"].decode(), entry))
        else:
            foreign.append(entry_id)
    return routed, foreign


class Router:
    """A consumer of group `eventrouter` over all shards of `domains`.

    `streams` and `pubsub` are clients of those roles which return bytes; a read blocks for `block_ms`, less
    where the client's socket timeout demands it. `consumer` names this process (the pod): after a restart under
    the same name it takes up what it had not acked.
    """

    def __init__(
        self,
        streams: Redis,
        pubsub: Redis,
        domains: Sequence[str],
        *,
        consumer: str,
        block_ms: int = 5000,
    ) -> None:
        self.streams = streams
        self.pubsub = pubsub
        self.consumer = consumer
        self.one_server = _server(streams) == _server(pubsub)
        socket_timeout_s = (
            streams.connection_pool.connection_kwargs.get("socket_timeout") or DEFAULT_SOCKET_TIMEOUT_S
        )
        self.block_ms = min(block_ms, int(socket_timeout_s * 800))
        self.names = [keys.shard_stream(domain, shard) for domain in domains for shard in range(SHARDS)]
        self.routed = 0
        self.failures = 0  # consecutive; 0 means that the last round went through

    async def run(self) -> None:
        """Route entries until cancelled. Failures of Redis are waited out with a bounded backoff, never raised."""
        from redis.exceptions import RedisError

        pending = True
        while not cancelled():
            try:
                if pending:
                    await self.create_groups()
                    while await self.read_once(own_pending=True):
                        pass
                    pending = False
                if await self.read_once():
                    # Under load, entries of this long are relayed together; the first after silence never waits.
                    await asyncio.sleep(PACE_S)
                self.failures = 0
            except (RedisError, OSError) as error:
                pending = True  # what was read but not acked is read again, in order
                wait_s = _BACKOFF_S[min(self.failures, len(_BACKOFF_S) - 1)]
                self.failures += 1
                _log.warning("router: %s; again in %.2f s", error or type(error).__name__, wait_s)
                await asyncio.sleep(wait_s * random.uniform(0.75, 1.25))

    async def create_groups(self) -> None:
        """Create the group on every shard that lacks it, from the beginning of the stream.

        A group that was missing means that Redis was new or lost: then all open streams are told to catch up.
        """
        from redis.exceptions import ResponseError

        async with self.streams.pipeline(transaction=False) as pipe:
            for name in self.names:
                pipe.execute_command("XGROUP", "CREATE", name, keys.GROUP, "0", "MKSTREAM")
            answers = await pipe.execute(raise_on_error=False)
        created = False
        for answer in answers:
            if not isinstance(answer, Exception):
                created = True
            elif not (isinstance(answer, ResponseError) and str(answer).startswith("BUSYGROUP")):
                raise answer
        if created:
            await keys.command(self.pubsub, "PUBLISH", keys.RESYNC, "")

    async def read_once(self, *, own_pending: bool = False) -> int:
        """Read one batch, new or (own_pending) unacked from before, and relay it. Returns the entries read.

        Raises redis.RedisError; then nothing of what failed has been acked.
        """
        block = () if own_pending else ("BLOCK", self.block_ms)
        cursor = "0" if own_pending else ">"
        answer = await keys.command(
            self.streams,
            *("XREADGROUP", "GROUP", keys.GROUP, self.consumer, "COUNT", COUNT, *block),
            *("STREAMS", *self.names, *[cursor] * len(self.names)),
        )
        routed: list[Routed] = []
        foreign: list[tuple[str, bytes]] = []
        for name, raw in answer or ():
            stream = name.decode()
            found, others = read_entries(stream, raw)
            routed += found
            foreign += [(stream, entry_id) for entry_id in others]
        if foreign:
            _log.error(
                "router: %d entries are not progress and were dropped, first %s", len(foreign), foreign[0]
            )
            await self.ack(foreign)
        if routed:
            await self.relay(routed)
        return len(routed) + len(foreign)

    async def relay(self, entries: Sequence[Routed]) -> None:
        """Publish entries to their jobs' channels, advance the states and ack. Raises redis.RedisError before that.

        One command where both roles are one server, one more where they are not: then messages go first.
        """
        messages = [(keys.channel(entry.job_id), entry.entry) for entry in entries]
        if not self.one_server:
            async with self.pubsub.pipeline(transaction=False) as pipe:
                for channel, message in messages:
                    pipe.execute_command("PUBLISH", channel, message)
                await pipe.execute()
            messages = []
        states = {keys.state(entry.domain, entry.job_id): entry.json for entry in entries}
        acks: dict[str, list[bytes]] = {}
        for entry in entries:
            acks.setdefault(entry.stream, []).append(entry.id)
        arguments: list[object] = [len(states) + len(acks), *states, *acks]
        arguments += [STATE_TTL_S, keys.GROUP, len(states), len(messages), *states.values()]
        for channel, message in messages:
            arguments += [channel, message]
        for ids in acks.values():
            arguments += [len(ids), *ids]
        (settled,) = await scripts.run(self.streams, [(_SETTLE, arguments)])
        if isinstance(settled, Exception):
            raise settled
        self.routed += len(entries)

    async def ack(self, entries: Sequence[tuple[str, bytes]]) -> None:
        """Take entries off the pending list."""
        by_stream: dict[str, list[bytes]] = {}
        for stream, entry_id in entries:
            by_stream.setdefault(stream, []).append(entry_id)
        async with self.streams.pipeline(transaction=False) as pipe:
            for stream, ids in by_stream.items():
                pipe.execute_command("XACK", stream, keys.GROUP, *ids)
            await pipe.execute()


def _server(redis: Redis) -> tuple[object, ...]:
    settings = redis.connection_pool.connection_kwargs
    return tuple(settings.get(name) for name in ("host", "port", "path"))
