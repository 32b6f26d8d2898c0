"""Listening sockets that the supervisor owns, so that an address outlives the process that serves it.

While a child is restarted, connections wait in the socket's queue instead of being refused.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from embedded.supervisor.errors import CannotStartError

BACKLOG = 4096
LOOPBACK = "127.0.0.1"


def listen(port: int = 0) -> socket.socket:
    """A listening socket on loopback; port 0: any free one. Raises CannotStartError naming who has the port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if isinstance(error, PermissionError):
            raise CannotStartError(f"port {port} needs privileges; choose one with --port") from None
        raise CannotStartError(f"port {port} is taken{owner(port)}; choose another with --port") from None
    return listener


def reserve(port: int = 0) -> socket.socket:
    """A socket that holds a port without listening, for a process that binds it with SO_REUSEPORT, as Envoy does.

    While that process is started again, nobody else gets the port. Raises CannotStartError naming who has it.
    """
    if port:
        listen(port).close()  # sharing would be granted to another platform of the same user, too
    return _shared(port)


def listen_together(count: int, port: int = 0) -> list[socket.socket]:
    """`count` listening sockets on one port; the kernel spreads connections over them (SO_REUSEPORT).

    Raises CannotStartError when another process has the port.
    """
    if port:
        listen(port).close()  # sharing would be granted to another platform of the same user, too
    group: list[socket.socket] = []
    for _ in range(count):
        listener = _shared(port_of(group[0]) if group else port)
        listener.listen(BACKLOG)
        group.append(listener)
    return group


def _shared(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((LOOPBACK, port))
    return bound


def listen_again(count: int, url: str) -> list[socket.socket]:
    """As `listen_together`, at the port of `url` if that is free: what was derived from it stays valid."""
    _, _, port = url.rpartition(":")
    try:
        return listen_together(count, int(port) if port.isdecimal() else 0)
    except CannotStartError:
        return listen_together(count)


def port_of(listener: socket.socket) -> int:
    """The port a socket is bound to."""
    return int(listener.getsockname()[1])


def owner(port: int) -> str:
    """` by <command> (pid <n>)` of the process that listens on `port`, or empty when that can't be seen."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(fd) in inodes for fd in (process / "fd").iterdir()):
                command = (process / "cmdline").read_text().replace("\0", " ").strip()[:80]
                return f" by {command} (pid {process.name})"
        except OSError:
            continue
    return ""
