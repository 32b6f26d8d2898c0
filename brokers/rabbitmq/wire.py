"""Publishing and acknowledging on a channel with the frames of one turn of the event loop in one write.

aiormq sends each frame by itself and keeps a lock, a timer and bookkeeping a message; at a thousand events a
second that is a third of the broker's CPU. Connections, channels and consuming remain aiormq's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pamqp.frame
from aiormq.abc import ChannelFrame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

if TYPE_CHECKING:
    from aiormq.channel import Channel
    from aiormq.connection import Connection


class Writer:
    """Collects frames of all channels of one connection and hands them over once a turn."""

    def __init__(self, connection: Connection) -> None:
        self._queue = connection.write_queue
        self._payload = bytearray()
        self._loop = asyncio.get_running_loop()

    def add(self, frames: bytes) -> None:
        """Send soon, in order."""
        if not self._payload:
            self._loop.call_soon(self._hand_over)
        self._payload += frames

    def acknowledge(self, channel: int, tag: int) -> None:
        """Acknowledge one delivery."""
        self.add(pamqp.frame.marshal(Basic.Ack(delivery_tag=tag), channel))

    def _hand_over(self) -> None:
        try:
            self._queue.put_nowait(ChannelFrame(payload=bytes(self._payload), should_close=False))
            self._payload.clear()
        except asyncio.QueueFull:  # the connection is slow; what comes meanwhile goes along
            self._loop.call_later(0.01, self._hand_over)


class Confirmed:
    """Publishes on a channel of its own, in confirm mode, and waits for the confirms."""

    def __init__(self, channel: Channel, writer: Writer) -> None:
        self._channel = channel
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        # Nothing else publishes on this channel, so that numbers and confirms are all ours. aiormq resolves what
        # it finds here.
        self._waiting = channel.confirmations
        self.closed = False

    async def publish(
        self, exchange: str, properties: Basic.Properties, body: bytes, timeout_s: float
    ) -> None:
        """Return once confirmed. Raises AMQP errors, ConnectionError when the channel is lost, TimeoutError."""
        if self.closed:
            raise ConnectionError("the channel is closed")
        channel, number = self._channel, self._channel.number
        channel.delivery_tag += 1
        confirm = self._loop.create_future()
        self._waiting[channel.delivery_tag] = confirm
        parts = [
            pamqp.frame.marshal(Basic.Publish(exchange=exchange), number),
            pamqp.frame.marshal(ContentHeader(properties=properties, body_size=len(body)), number),
        ]
        size = channel.max_content_size
        parts += [
            pamqp.frame.marshal(ContentBody(body[start : start + size]), number)
            for start in range(0, len(body), size)
        ]
        self._writer.add(b"".join(parts))
        async with asyncio.timeout(timeout_s):
            await confirm

    def lost(self) -> None:
        """The channel is closed: whoever waits is told."""
        self.closed = True
        for confirm in list(self._waiting.values()):
            if isinstance(confirm, asyncio.Future) and not confirm.done():
                confirm.set_exception(ConnectionError("the channel was closed before the confirm"))
