"""The decoder's protocol: each request is answered, by a picture or by why there is none."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from PIL import Image

from functions.images import decoder
from functions.images.decoder import ANSWER, REQUEST
from functions.images.errors import ImageRejected

Answer = tuple[bytes, int, int, bytes]
Run = Callable[[bytes], list[Answer]]


def picture(width: int = 64, height: int = 32) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(written, "PNG")
    return written.getvalue()


def request(data: bytes, longest_side: int = 16, missing: int = 0) -> bytes:
    return REQUEST.pack(longest_side, len(data) + missing) + data


def answers(written: bytes) -> list[Answer]:
    found, at = [], 0
    while at < len(written):
        kind, width, height, _, _, length = ANSWER.unpack_from(written, at)
        at += ANSWER.size + length
        found.append((kind, width, height, written[at - length : at]))
    return found


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the program over requests, without bounding the process of the tests."""

    def run(requests: bytes) -> list[Answer]:
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(requests)))
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=written))
        decoder.main()
        return answers(written.getvalue())

    bounds: list[float] = []
    monkeypatch.setattr(sys, "argv", ["decoder", "1000", "1.5"])
    monkeypatch.setattr(decoder, "_bound_memory", bounds.append)
    monkeypatch.setattr(decoder, "_bound_time", bounds.append)
    return run


def test_pictures_are_redrawn_one_after_the_other(decoded: Run) -> None:
    first, second = decoded(request(picture()) + request(picture(8, 4)))
    assert [first[:3], second[:3]] == [(b"K", 16, 8), (b"K", 8, 4)]
    assert Image.open(io.BytesIO(first[3])).format == "JPEG"


def test_what_is_no_picture_is_rejected_and_the_next_is_taken(decoded: Run) -> None:
    rejected, taken = decoded(request(b"words") + request(picture()))
    assert rejected[0] == b"R"
    assert rejected[3].startswith(b"IMAGE_UNREADABLE ")
    assert taken[0] == b"K"


def test_a_request_that_breaks_off_ends_the_program(decoded: Run) -> None:
    assert decoded(request(picture(), missing=1)) == []
    assert decoded(b"\0\0") == []


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_picture_that_takes_too_much_memory_is_rejected(
    wrapped: bool,
    decoded: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def redrawn(data: bytes, *, longest_side: int) -> None:
        if wrapped:
            raise ImageRejected("IMAGE_UNREADABLE", "broken") from MemoryError()
        raise MemoryError

    monkeypatch.setattr(decoder, "redrawn", redrawn)
    ((kind, _, _, words),) = decoded(request(picture()))
    assert (kind, words.partition(b" ")[0]) == (b"R", b"IMAGE_TOO_LARGE")
