"""Decoding in processes that are bounded and killed: what becomes of good, huge and hostile files."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from functions.images import decoding
from functions.images.decoding import LARGE_BYTES, Decoders
from functions.images.errors import ImageRejected, ImageUnavailable

MIB = 1024 * 1024


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    made = Decoders()
    yield made
    await made.close()


def encoded(kind: str, size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    pillow_heif.register_heif_opener()
    written = io.BytesIO()
    Image.new(mode, size).save(written, kind, **options)
    return written.getvalue()


def peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


@pytest.mark.parametrize(
    ("kind", "size", "mode", "options"),
    [
        ("PNG", (8000, 4000), "RGB", {}),
        ("PNG", (8000, 4000), "RGBA", {}),
        ("PNG", (8000, 4000), "P", {}),
        ("PNG", (8000, 4000), "I;16", {}),
        ("GIF", (6000, 4000), "P", {}),
        ("JPEG", (8000, 6000), "RGB", {}),
        ("JPEG", (4090, 4090), "RGB", {}),
        ("JPEG", (6000, 4000), "CMYK", {}),
        ("JPEG", (6000, 4000), "RGB", {"progressive": True}),
        ("WEBP", (3000, 3000), "RGB", {}),
        ("WEBP", (3000, 3000), "RGBA", {"lossless": True}),
        ("HEIF", (5712, 4284), "RGB", {}),
    ],
)
async def test_the_largest_pictures_allowed_are_decoded_within_the_bound(
    decoders: Decoders, kind: str, size: tuple[int, int], mode: str, options: dict[str, object]
) -> None:
    image = await decoders.redraw(encoded(kind, size, mode, **options), 2048)
    assert max(image.width, image.height) == 2048
    assert image.original == size
    process = decoders._large._process
    assert process
    assert peak_bytes(process.pid) < LARGE_BYTES + 48 * MIB


async def test_many_pictures_at_once_are_each_their_own(decoders: Decoders) -> None:
    sizes = [(10 + n, 20 + n) for n in range(12)]
    images = await asyncio.gather(*(decoders.redraw(encoded("PNG", size), 1024) for size in sizes))
    assert [(image.width, image.height) for image in images] == sizes


async def test_what_is_refused_leaves_the_decoder_running(decoders: Decoders) -> None:
    await decoders.redraw(encoded("PNG", (10, 10)), 1024)
    process = decoders._small._process
    broken = encoded("PNG", (300, 300))[:-40]
    with pytest.raises(ImageRejected) as raised:
        await decoders.redraw(broken, 1024)
    assert raised.value.code == "IMAGE_UNREADABLE"
    await decoders.redraw(encoded("PNG", (10, 10)), 1024)
    assert decoders._small._process is process


async def test_a_decoder_that_is_killed_is_replaced(decoders: Decoders) -> None:
    await decoders.redraw(encoded("PNG", (10, 10)), 1024)
    process = decoders._small._process
    assert process
    os.kill(process.pid, signal.SIGKILL)
    assert (await decoders.redraw(encoded("PNG", (10, 10)), 1024)).width == 10
    assert decoders._small._process is not process


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("while True: pass", "far too long"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "can't be decoded"),
    ],
    ids=["takes for ever", "ends its process"],
)
async def test_a_picture_that_ends_its_decoders_is_given_up(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, words: str
) -> None:
    """As a fault in a decoder would: the process is real, what it does to this picture is not."""
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    (hostile / "sitecustomize.py").write_text(
        "import functions.images.picture as picture\n"
        f"def redrawn(data, longest_side):\n    {program}\n"
        "picture.redrawn = redrawn\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(hostile), prepend=os.pathsep)
    with pytest.raises(ImageRejected, match=words):
        await decoders.redraw(encoded("PNG", (10, 10)), 1024)


async def test_too_many_waiting_pictures_are_asked_to_come_again(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "WAITING", 2)
    waiting = [decoders.redraw(encoded("PNG", (10, 10)), 1024) for _ in range(4)]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(outcome, ImageUnavailable) for outcome in outcomes] == [False, False, True, True]


async def test_a_cancelled_picture_does_not_answer_the_next(decoders: Decoders) -> None:
    large = asyncio.create_task(decoders.redraw(encoded("PNG", (1400, 1400)), 1024))
    await asyncio.sleep(0.01)
    large.cancel()
    await asyncio.gather(large, return_exceptions=True)
    assert (await decoders.redraw(encoded("PNG", (11, 12)), 1024)).height == 12


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


async def test_a_decoder_knows_no_secret(decoders: Decoders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECO2_OPENAI_API_KEY", "sk-secret")
    await decoders.redraw(encoded("PNG", (10, 10)), 1024)
    process = decoders._small._process
    assert process
    assert b"sk-secret" not in environment(process.pid)


async def test_a_decoder_finds_the_code_of_its_parent_whatever_the_working_folder(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In an image the code lies in the working folder and nowhere else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    await decoders.redraw(encoded("PNG", (8, 8)), 8)
    process = decoders._small._process
    assert process
    given = environment(process.pid).split(b"\0")
    assert b"PYTHONPATH=" + str(Path(decoding.__file__).parents[2]).encode() in given
