"""The watch for children that hang: each is asked every few seconds; one that says nothing is ended and starts again.

A process that was stopped or is stuck keeps its sockets, so that requests wait for it for ever; only asking shows
that. Whatever it answers will do, also that it is not ready or closes the connection. A process that is still starting
has not answered yet, and is given time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic
from typing import Final

from embedded.servers.process import Greeting
from embedded.supervisor.child import Child

EVERY_S: Final = 5.0
ANSWER_S: Final = 5.0
SILENCES: Final = 3
"""So often in a row: a machine with too much to do answers late."""
START_S: Final = 60.0
_log = logging.getLogger("eco2.supervisor")


class Attention:
    """A watch over children, by what they answer."""

    def __init__(
        self, children: Sequence[Child], *, every_s: float = EVERY_S, answer_s: float = ANSWER_S
    ) -> None:
        self._children, self._every_s, self._answer_s = children, every_s, answer_s
        self._silent: dict[int, int] = {}
        self._since: dict[int, float] = {}

    async def pay(self) -> None:
        """Ask all children, again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            await asyncio.gather(*(self._ask(child) for child in list(self._children)))
            running = {child.pid for child in self._children}
            for known in (self._silent, self._since):
                for pid in known.keys() - running:
                    del known[pid]

    async def _ask(self, child: Child) -> None:
        pid = child.pid
        if pid is None or child.greeting is None or child.stopping:
            return
        since = self._since.setdefault(pid, monotonic())
        if await _answers(child.greeting, self._answer_s):
            self._silent[pid] = 0
        elif pid in self._silent or monotonic() - since > START_S:
            self._silent[pid] = self._silent.get(pid, 0) + 1
        if self._silent.get(pid, 0) >= SILENCES and child.pid == pid:
            _log.error("%s says nothing to %d questions; it is ended and starts again", child.name, SILENCES)
            child.replace()


async def _answers(greeting: Greeting, within_s: float) -> bool:
    """Whether anything comes back, be it the end of the connection."""
    try:
        async with asyncio.timeout(within_s):
            if isinstance(greeting.address, tuple):
                reader, writer = await asyncio.open_connection(*greeting.address)
            else:
                reader, writer = await asyncio.open_unix_connection(greeting.address)
            try:
                writer.write(greeting.words)
                await reader.read(1)
            finally:
                writer.close()
    except ConnectionResetError:
        return True
    except OSError:  # TimeoutError among them
        return False
    return True
