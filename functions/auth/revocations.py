"""Which sessions are revoked, known in the memory of every process that checks tokens, at most STALE_S late.

The truth is the table `auth.revocations`. What is added to it is told by Redis' stream of news. A process reads the
table when it begins to follow the stream, each time, then every TABLE_EVERY_S, since whoever wrote the table may have
told neither Redis nor the broker, and more often while Redis can't be reached. One that has heard of neither for
STALE_S would let a revoked token pass, so it refuses to answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from functions.auth.blacklist import NEWS
from functions.auth.claims import Claims
from functions.auth.errors import TokenRevoked
from functions.runtime.errors import FunctionError, Unavailable
from functions.runtime.logins import EndedLogins
from process.tasks import cancelled

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

log = logging.getLogger(__name__)
STALE_S = 2.0
PATIENCE_S = 1.2
"""A process that was busy or is young hears within that time; waiting is better than refusing."""
LISTEN_S = 0.4
ANSWER_S = 0.8
AGAIN_S = 0.4
TABLE_EVERY_S = 1.0
COUNT = 1_000
OVERLAP_S = 30.0
"""Rows become visible when their transaction ends, which is later than the time they carry."""
FORGET_EVERY_S = 60.0


class Revocations(EndedLogins):
    """The revoked sessions, followed in the background."""

    def __init__(
        self, redis: Redis, database: Database, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis, self._database, self._monotonic = redis, database, monotonic
        self._until: dict[str, float] = {}
        self._current_at = float("-inf")
        self._read_at = float("-inf")
        self._forgot_at = monotonic()
        self._listeners: list[Callable[[str], None]] = []
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Follow from now on; the first check waits for what is known."""
        opened = cls(await resources.redis("auth"), await resources.database())
        opened._task = asyncio.create_task(opened.follow(), name="revocations")
        resources.on_close(opened.close)
        return opened

    async def close(self) -> None:
        """Follow no longer."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def alive(self, good: Sequence[Claims]) -> Claims:
        """The first of these claims whose session was not revoked. Raises TokenRevoked or Unavailable."""
        if self._monotonic() - self._current_at > STALE_S:
            await self._wait()
        for claims in good:
            if claims.session not in self._until:
                return claims
        raise TokenRevoked

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self._monotonic() - self._current_at > STALE_S:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise Unavailable("Sign-in can't be checked at the moment; try again.") from None

    async def follow(self) -> None:
        """Follow until cancelled: Redis' stream, and while that can't be read, the table."""
        from redis.exceptions import RedisError

        while not cancelled():
            try:
                await self._listen()
            except (RedisError, OSError, FunctionError) as error:
                log.warning("news of revoked sessions: %s", type(error).__name__)
            except Exception:
                log.exception("news of revoked sessions")
            else:
                return
            with suppress(FunctionError, OSError):
                await self._read()
            await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        """Read the table, then the news that came since, until cancelled or Redis is lost."""
        pool = self._redis.connection_pool
        # A connection of our own: the client's would be made again without a word when it is lost.
        settings: dict[str, Any] = {
            **pool.connection_kwargs,
            "protocol": 2,
            "maint_notifications_config": None,
        }
        connection: Any = pool.connection_class(**settings)
        try:
            await connection.connect()
            newest = await self._asked(connection, "XREVRANGE", NEWS, "+", "-", "COUNT", 1)
            last = newest[0][0] if newest else "0-0"
            await self._read()
            wait_ms = int(LISTEN_S * 1000)
            while not cancelled():
                began = self._monotonic()
                reply = await self._asked(
                    connection, "XREAD", "COUNT", COUNT, "BLOCK", wait_ms, "STREAMS", NEWS, last
                )
                entries = reply[0][1] if reply else []
                for last, fields in entries:  # noqa: B007 - the last id is where the next reading goes on
                    told = dict(zip(fields[::2], fields[1::2], strict=True))
                    self._known({told[b"session"].decode(): float(told[b"until"])})
                if len(entries) < COUNT:
                    self._is_current(began)
                if began - self._read_at > TABLE_EVERY_S:
                    with suppress(
                        FunctionError, OSError
                    ):  # nobody is revoked while the table can't be written
                        await self._read()
        finally:
            await connection.disconnect(nowait=True)

    async def _asked(self, connection: Any, *command: Any) -> Any:
        await connection.send_command(*command, check_health=False)
        async with asyncio.timeout(LISTEN_S + ANSWER_S):
            return await connection.read_response(disconnect_on_error=False)

    async def _read(self) -> None:
        """Read the table: all of it at first, then what was added. Raises Retry."""
        began = self._monotonic()
        async with asyncio.timeout(ANSWER_S):
            rows = await self._database.all(_REVOKED, (began - self._read_at + OVERLAP_S,))
        self._known({str(session): until for session, until in rows})
        self._read_at = began
        self._is_current(began)

    def ended(self, session: str) -> bool:
        """Whether a session is known to have ended."""
        return session in self._until

    def on_end(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with each session that ends from now on."""
        self._listeners.append(listener)

    def _known(self, until: Mapping[str, float]) -> None:
        for session in until.keys() - self._until.keys():
            for listener in self._listeners:
                listener(session)
        self._until |= until

    def _is_current(self, at: float) -> None:
        self._current_at = at
        self._news.set()
        if at - self._forgot_at > FORGET_EVERY_S:
            now = time.time()
            self._until = {session: until for session, until in self._until.items() if until > now}
            self._forgot_at = at


_REVOKED = """
SELECT session, extract(epoch FROM expires_at)::float8 FROM auth.revocations
WHERE told_at > now() - make_interval(secs => least(%s, 1e9)) AND expires_at > now()
"""
