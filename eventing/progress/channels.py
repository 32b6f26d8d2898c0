"""The Pub/Sub connection that all open streams of a process share; when it is lost it comes back by itself.

Subscriptions are sent in batches, so a thousand clients that arrive together cost a few commands. Each
confirmation of a subscription, the first and every one after a reconnect, tells the listener to catch up: what
was published before it may have been missed. So does the router when it finds that Redis was lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from typing import TYPE_CHECKING, Any, Protocol

from eventing.progress import keys
from process.tasks import cancelled

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = logging.getLogger(__name__)
_RESYNC = keys.RESYNC.encode()
_PING_EVERY_S = 5.0
_DEAD_AFTER_S = 15.0  # without even a pong
_BACKOFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_BATCH = 500  # channels a SUBSCRIBE
_BREATHE_EVERY = 100  # messages after which other tasks get their turn


class Listener(Protocol):
    """An object that is told of a channel's messages. Its methods are called from the event loop and must not block."""

    def subscribed(self) -> None:
        """Called when messages published from now on arrive; earlier ones may have been missed."""

    def received(self, message: bytes) -> None:
        """Called with each message of the channel."""


class Channels:
    """The listeners of each channel by its name. `pubsub` is the client of that role; it lends its settings only."""

    def __init__(self, pubsub: Redis) -> None:
        self.pubsub = pubsub
        self.reconnects = 0
        self._listeners: dict[bytes, list[Listener]] = {}
        self._confirmed: set[bytes] = set()
        self._touched: set[bytes] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def join(self, channel: bytes, listener: Listener) -> None:
        """Add a listener; its `subscribed` is called when the channel is, at once if it is already."""
        self._listeners.setdefault(channel, []).append(listener)
        if channel in self._confirmed:
            listener.subscribed()
        else:
            self._touch(channel)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="progress-channels")

    def leave(self, channel: bytes, listener: Listener) -> None:
        """Remove a listener; with the last one the channel is unsubscribed."""
        listeners = self._listeners.get(channel, [])
        if listener in listeners:
            listeners.remove(listener)
        if not listeners and self._listeners.pop(channel, None) is not None:
            self._touch(channel)

    async def close(self) -> None:
        """Drop the connection; listeners hear nothing any more."""
        task, self._task = self._task, None
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _touch(self, channel: bytes) -> None:
        self._touched.add(channel)
        self._wake.set()

    async def _run(self) -> None:
        from redis.exceptions import RedisError

        pool = self.pubsub.connection_pool
        # RESP2 delivers messages as plain replies, also to a client that speaks RESP3 otherwise.
        settings = {**pool.connection_kwargs, "protocol": 2, "maint_notifications_config": None}
        failures = 0
        while not cancelled():
            connection: Any = pool.connection_class(**settings)
            heard = self.reconnects
            try:
                await connection.connect()
                self._confirmed.clear()
                self._touched = set(self._listeners)
                self._wake.set()
                await self._converse(connection)
            except (RedisError, OSError) as error:
                _log.warning("pub/sub connection lost: %s", error or type(error).__name__)
            finally:
                self._confirmed.clear()
                await connection.disconnect(nowait=True)
            failures = 0 if heard != self.reconnects else failures + 1
            wait_s = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))

    async def _converse(self, connection: Any) -> None:
        """Read from and write to the connection until either fails."""
        tasks = [asyncio.create_task(self._write(connection)), asyncio.create_task(self._read(connection))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, connection: Any) -> None:
        await connection.send_command("SUBSCRIBE", _RESYNC, check_health=False)
        subscribed: set[bytes] = set()
        while not cancelled():
            try:
                async with asyncio.timeout(_PING_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                await connection.send_command("PING", check_health=False)
                continue
            self._wake.clear()
            touched, self._touched = self._touched, set()
            new = [name for name in touched if name in self._listeners and name not in subscribed]
            old = [name for name in touched if name not in self._listeners and name in subscribed]
            self._confirmed.difference_update(old)
            for command, names in (("SUBSCRIBE", new), ("UNSUBSCRIBE", old)):
                for start in range(0, len(names), _BATCH):
                    await connection.send_command(command, *names[start : start + _BATCH], check_health=False)
            subscribed.update(new)
            subscribed.difference_update(old)

    async def _read(self, connection: Any) -> None:
        messages = 0
        while not cancelled():
            reply = await connection.read_response(timeout=_DEAD_AFTER_S, disconnect_on_error=False)
            if reply is None:
                raise ConnectionError(f"nothing for {_DEAD_AFTER_S} s, not even an answer to PING")
            kind, *rest = reply if isinstance(reply, list) else (reply,)
            if kind == b"message" and rest[0] == _RESYNC:
                for listeners in self._listeners.values():
                    for listener in listeners:
                        listener.subscribed()
            elif kind == b"message":
                for listener in self._listeners.get(rest[0], ()):
                    listener.received(rest[1])
            elif kind == b"subscribe":
                self._confirmed.add(rest[0])
                for listener in self._listeners.get(rest[0], ()):
                    listener.subscribed()
            if messages == 0:
                self.reconnects += 1  # counts connections that worked
            messages += 1
            if messages % _BREATHE_EVERY == 0:
                await asyncio.sleep(0)
