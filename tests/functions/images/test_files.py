"""Hundreds of files, good and hostile: each upload and scan ends with a decision, and a host stays small."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import aiohttp
import psutil
import pytest
from yarl import URL

from embedded.objects.app import application
from embedded.objects.signature import Key
from embedded.objects.store import ObjectStore
from functions.images.addresses import FetchPolicy
from functions.images.decoding import Decoders
from functions.images.errors import ImageRejected
from functions.images.fetch import ImageFetcher
from tests.embedded.serving import serving
from tests.functions.hosting import hosted
from tests.functions.images.uploading import ALICE, SECRET

MIB = 1024 * 1024
DECISIONS = {"readable", "IMAGE_UNREADABLE", "IMAGE_TOO_LARGE"}
FUNCTIONS = ("images-upload", "images-callback", "images-show")


LEAST = {
    "every_kind_and_mode": 150,  # Pillow's next release may write some less
    "orientations": 40,
    "broken_off": 98,
    "bombs": 30,
    "many_frames_and_scans": 8,
    "metadata": 42,
    "no_pictures": 24,
}
"""Files in each group."""


@pytest.fixture(params=LEAST)
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files of a group; another process makes them, for some are huge before they are encoded."""
    made = tmp_path_factory.mktemp("files")
    command = [sys.executable, "-m", "tests.functions.images.files", str(made), request.param]
    subprocess.run(command, check=True, timeout=100)
    found = sorted(made.iterdir())
    assert len(found) >= LEAST[request.param]
    return found


def environ(objects: str, postgres_url: str) -> dict[str, str]:
    """Of a host, as a pod has it."""
    return {
        "ECO2_DATABASE_URL": postgres_url,
        "ECO2_OBJECTS_URL": objects,
        "ECO2_OBJECTS_SECRET_KEY": SECRET,
        "ECO2_CDN_URL": f"{objects}/eco2-images/public",
        "MALLOC_ARENA_MAX": "2",
    }


class Watched:
    """Memory of a process and its children: the peaks that the kernel keeps, and what it was before the first file."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.idle = process.memory_info().rss
        self.peak = self.idle

    def look(self) -> None:
        """Add up the peaks of all that run now."""
        told = 0
        for one in (self._process, *self._process.children(recursive=True)):
            lines = Path(f"/proc/{one.pid}/status").read_text().splitlines()
            told += 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
        self.peak = max(self.peak, told)


async def test_every_file_ends_with_a_decision_and_the_host_stays_small(
    files: list[Path], tmp_path: Path, postgres_url: str
) -> None:
    wrong = []
    store = application(ObjectStore(tmp_path), Key("eco2", SECRET), "/objects")
    decoders = Decoders()
    async with (
        serving(store) as port,
        hosted(*FUNCTIONS, environ=environ(f"http://127.0.0.1:{port}/objects", postgres_url)) as (
            url,
            process,
        ),
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as client,
    ):
        prefix = f"http://127.0.0.1:{port}/objects/eco2-images/public"
        fetcher = ImageFetcher(FetchPolicy(own_prefixes=(prefix,)), decoders)
        async with client.get(f"{url}/health/ready") as answer:
            assert answer.status == 200
        memory = Watched(psutil.Process(process.pid))
        for path in files:
            wanted, subtype, number, what = path.name.split("-", 3)
            told = await upload_and_scan(client, url, path.read_bytes(), f"image/{subtype}", fetcher)
            if told not in DECISIONS or (
                wanted != "either" and (told == "readable") != (wanted == "readable")
            ):
                wrong.append(f"{number} {what}: {told}")
            memory.look()
        await fetcher.close()
        await decoders.close()
    assert not wrong
    assert memory.peak - memory.idle < 256 * MIB


async def upload_and_scan(
    client: aiohttp.ClientSession, url: str, data: bytes, content_type: str, fetcher: ImageFetcher
) -> str:
    """`readable`, or the code of what was refused; whatever is confirmed has to be readable for a scan."""
    headers = {"x-user-id": ALICE, "host": "images-upload"}
    wanted = {"filename": "a", "content_type": content_type}
    async with client.post(f"{url}/api/v1/images/scan", json=wanted, headers=headers) as answer:
        place = await answer.json()
        assert answer.status == 200, place
    put = URL(place["upload_url"], encoded=True)
    async with client.put(put, data=io.BytesIO(data), headers={"content-type": content_type}) as answer:
        assert answer.status == 200
    headers["host"] = "images-callback"
    told = {"key": place["key"]}
    async with client.post(f"{url}/api/v1/images/scan/callback", json=told, headers=headers) as answer:
        confirmed = await answer.json()
    if answer.status == 400:
        assert confirmed["detail"]
        return str(confirmed["code"])
    assert answer.status == 200, confirmed
    try:
        image = await fetcher.fetch(place["cdn_url"])
    except ImageRejected as rejected:
        return f"confirmed, but {rejected.code}"
    assert min(image.width, image.height) > 0
    return "readable"
