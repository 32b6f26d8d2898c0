"""`python -m functions.images.decoder MEMORY_BYTES CPU_S`: a process that redraws pictures, and may be killed for it.

Reads requests from standard input and answers on standard output, one after the other: a picture can't make the
process larger than the memory given above what it takes idle, nor hold it longer than CPU_S of processor time. Who
asks has checked the picture's header.

Request: longest side (4 bytes), length (4 bytes), file. Answer: `K`, width, height, the file's own width and height
upright, length (4 bytes each), JPEG; or `R`, four zeros, length, then code and detail of the rejection as
`CODE detail`. Numbers are big-endian.
"""

from __future__ import annotations

import resource
import signal
import struct
import sys
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from functions.images.errors import ImageRejected
from functions.images.picture import redrawn

REQUEST = struct.Struct(">II")
ANSWER = struct.Struct(">cIIIII")


def main() -> None:
    """Serve until standard input ends."""
    _load_all()
    _bound_memory(int(sys.argv[1]))
    cpu_s = float(sys.argv[2])
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        longest_side, length = REQUEST.unpack(head)
        data = requests.read(length)
        if len(data) < length:
            return
        _bound_time(cpu_s)
        _answer(data, longest_side, answers)
        del data  # before the next one is read: two files would be in memory


def _load_all() -> None:
    """All that a picture may need: what is loaded after memory is bounded would count as taken by the picture."""
    for module in ("Gif", "Jpeg", "Png", "WebP"):
        import_module(f"PIL.{module}ImagePlugin")
    for module in ("PIL.ImageCms", "PIL.ImageOps", "pillow_heif"):
        import_module(module)


def _answer(data: bytes, longest_side: int, answers: BinaryIO) -> None:
    try:
        image = redrawn(data, longest_side=longest_side)
        told = ANSWER.pack(b"K", image.width, image.height, *image.original, len(image.jpeg)) + image.jpeg
    except ImageRejected as rejected:
        if isinstance(rejected.__cause__, MemoryError):
            rejected = _too_much()
        told = _rejection(rejected)
    except MemoryError:
        told = _rejection(_too_much())
    answers.write(told)
    answers.flush()


def _rejection(rejected: ImageRejected) -> bytes:
    words = f"{rejected.code} {rejected.detail}".encode()
    return ANSWER.pack(b"R", 0, 0, 0, 0, len(words)) + words


def _too_much() -> ImageRejected:
    return ImageRejected(
        "IMAGE_TOO_LARGE", "Decoding the picture would take too much memory; send it smaller."
    )


def _bound_memory(above_idle: int) -> None:
    idle = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (idle + above_idle, idle + above_idle))


def _bound_time(cpu_s: float) -> None:
    """The kernel ends the process (SIGPROF) after this much processor time from now on, wherever it is."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)


if __name__ == "__main__":
    main()
