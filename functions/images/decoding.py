"""Decoding pictures where it can be bounded and killed: in processes of its own, one for small and one for large ones.

A picture of two megapixels, which most are, never waits for one of forty.
"""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from functions.images.decoder import ANSWER, REQUEST
from functions.images.errors import ImageRejected, ImageUnavailable
from functions.images.header import check, read_header
from functions.images.picture import FetchedImage
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

SMALL_PIXELS: Final = 2_000_000
SMALL_BYTES: Final = 48 * 1024 * 1024
SMALL_CPU_S: Final = 1.0
LARGE_BYTES: Final = 176 * 1024 * 1024
LARGE_CPU_S: Final = 3.0
ANSWER_S: Final = 15.0
"""For one picture, waiting for a processor included; the decoder itself is ended by its processor time."""
WAITING: Final = 64
"""Pictures that may wait for one decoder; more are asked to come again."""
ATTEMPTS: Final = 2
"""Decoders one picture may bring down; a decoder may also end for a reason of its own."""

_ALLOCATION: Final = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "131072"}
"""glibc: the arena that it reserves for each thread would count as taken, and pieces of the heap that earlier pictures
left would make room for fewer pixels; large blocks are given back at once."""


class Decoders(Service):
    """The decoder processes of this process, started by the first picture. One event loop; close it at the end."""

    def __init__(self) -> None:
        self._small = _Decoder(SMALL_BYTES, SMALL_CPU_S)
        self._large = _Decoder(LARGE_BYTES, LARGE_CPU_S)

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """One pair a process, whoever decodes."""
        decoders = cls()
        resources.on_close(decoders.close)
        return decoders

    async def redraw(self, data: bytes, longest_side: int) -> FetchedImage:
        """As `picture.redrawn`. Raises ImageRejected; ImageUnavailable where too many pictures wait."""
        header = read_header(data)
        check(header, data)
        decoder = self._small if header.pixels <= SMALL_PIXELS else self._large
        return await decoder.redraw(data, longest_side)

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(self._small.close(), self._large.close())


class _Decoder:
    """One decoder process at a time; it takes one picture after the other."""

    def __init__(self, memory_bytes: int, cpu_s: float) -> None:
        self._memory_bytes, self._cpu_s = memory_bytes, cpu_s
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._process: asyncio.subprocess.Process | None = None

    async def redraw(self, data: bytes, longest_side: int) -> FetchedImage:
        if self._waiting >= WAITING:
            raise ImageUnavailable("Too many pictures wait to be looked at; try again.")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._attempts(data, longest_side)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process and process.returncode is None:
            process.kill()
        if process:
            await process.wait()

    async def _attempts(self, data: bytes, longest_side: int) -> FetchedImage:
        for _ in range(ATTEMPTS):
            process = await self._running()
            try:
                async with asyncio.timeout(ANSWER_S):
                    return await _ask(process, data, longest_side)
            except ImageRejected:
                raise
            except TimeoutError:
                await self.close()
                raise _too_slow() from None
            except (asyncio.IncompleteReadError, ConnectionError):
                if await process.wait() == -signal.SIGPROF:
                    raise _too_slow() from None
            except BaseException:  # cancelled: what the process answers now would be taken for the next one's
                await asyncio.shield(self.close())
                raise
        raise ImageRejected(
            "IMAGE_UNREADABLE", "The picture can't be decoded; save it again as a plain JPEG."
        )

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "functions.images.decoder", str(self._memory_bytes), str(self._cpu_s)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                # Of the environment only what Python needs: a decoder that is taken over finds no secrets.
                env={**_ALLOCATION, "PYTHONPATH": _module_path()}
                | {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            )
        return self._process


def _module_path() -> str:
    """Where this package lies, and what was given; an image has it in its working folder, which -P leaves out."""
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))


async def _ask(process: asyncio.subprocess.Process, data: bytes, longest_side: int) -> FetchedImage:
    assert process.stdin
    assert process.stdout
    process.stdin.write(REQUEST.pack(longest_side, len(data)) + data)
    await process.stdin.drain()
    try:
        kind, *sizes, length = ANSWER.unpack(await process.stdout.readexactly(ANSWER.size))
    except struct.error:
        raise ConnectionError from None
    body = await process.stdout.readexactly(length)
    if kind == b"K":
        width, height, *original = sizes
        return FetchedImage(body, width, height, (original[0], original[1]))
    code, _, detail = body.decode().partition(" ")
    raise ImageRejected("IMAGE_TOO_LARGE" if code == "IMAGE_TOO_LARGE" else "IMAGE_UNREADABLE", detail)


def _too_slow() -> ImageRejected:
    return ImageRejected(
        "IMAGE_UNREADABLE", "Decoding the picture takes far too long; save it again as a plain JPEG."
    )
