"""The cluster's door on this machine: loopback ports whose connections come out inside its network.

`python -m localcluster.forward PORT:HOST:PORT …` listens on those ports of the loopback interfaces of both networks,
the machine's and the cluster's, and connects from the cluster's: a socket belongs to the network it was made in.
Nothing else of the two networks meets.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
import sys
from dataclasses import dataclass

from localcluster.network import NAMESPACE

_CLONE_NEWNET = 0x40000000
_CONNECT_TIMEOUT_S = 5
_CHUNK = 65_536
_BACKLOG = 512


def main(arguments: list[str]) -> None:
    """Forward until SIGTERM."""
    doors = [
        _Door(int(port), host, int(target)) for port, host, target in (each.split(":") for each in arguments)
    ]
    listening = [(door, door.listen()) for door in doors]
    _enter(str(NAMESPACE))
    asyncio.run(_serve(listening + [(door, door.listen()) for door in doors]))


@dataclass(frozen=True, slots=True)
class _Door:
    port: int
    host: str
    target: int

    def listen(self) -> socket.socket:
        return socket.create_server(("127.0.0.1", self.port), backlog=_BACKLOG)

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                answers, onward = await asyncio.open_connection(self.host, self.target)
        except (OSError, TimeoutError):
            writer.close()
            return
        await asyncio.gather(_copy(reader, onward), _copy(answers, writer))


def _enter(namespace: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace, os.O_RDONLY)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"can't enter {namespace}")
    finally:
        os.close(descriptor)


async def _serve(listening: list[tuple[_Door, socket.socket]]) -> None:
    servers = [await asyncio.start_server(door.connect, sock=listener) for door, listener in listening]
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(_CHUNK):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


if __name__ == "__main__":
    main(sys.argv[1:])
