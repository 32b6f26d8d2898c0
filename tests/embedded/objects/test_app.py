"""The object store, with URLs signed by botocore as another service would sign them."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import os
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import aiohttp
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from embedded.objects.app import application
from embedded.objects.signature import Key, SignatureRefused
from embedded.objects.store import ObjectStore
from tests.embedded.serving import serving

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20


def presign(
    url: str,
    *,
    method: str = "PUT",
    kind: str | None = "image/png",
    expires_s: int = 900,
    secret: str = "s",
    headers: dict[str, str] | None = None,
) -> URL:
    request = AWSRequest(method, url, headers=headers or ({"Content-Type": kind} if kind else {}))
    auth = S3SigV4QueryAuth(Credentials("eco2", secret), "s3", "ap-northeast-2", expires=expires_s)
    auth.add_auth(request)
    return URL(str(request.url), encoded=True)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects", max_bytes=100_000)


@pytest.fixture
async def base(store: ObjectStore) -> AsyncIterator[str]:
    async with serving(application(store, Key("eco2", "s"), "/objects")) as port:
        yield f"http://127.0.0.1:{port}/objects/eco2-images"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session:
        yield session


async def put(client: aiohttp.ClientSession, url: URL, body: object = PNG, kind: str = "image/png") -> int:
    async with client.put(url, data=body, headers={"Content-Type": kind}) as response:
        if response.status >= 300:
            assert response.content_type == "application/xml"
            assert ElementTree.fromstring(await response.text()).findtext("Code")
        return response.status


def stored(store: ObjectStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("key", ["public/2026/a.png", "public/a=b_c.png", "public/0f-9.png"])
async def test_what_was_put_is_got(client: aiohttp.ClientSession, base: str, key: str) -> None:
    assert await put(client, presign(f"{base}/{key}")) == 200
    async with client.get(f"{base}/{key}") as response:
        assert await response.read() == PNG
        headers = response.headers
    assert headers["content-type"] == "image/png"
    assert headers["etag"] == f'"{hashlib.md5(PNG).hexdigest()}"'
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    async with client.head(f"{base}/{key}") as response:
        assert response.headers["content-length"] == str(len(PNG))
    async with client.get(f"{base}/{key}", headers={"If-None-Match": headers["etag"]}) as response:
        assert response.status == 304


async def test_what_is_not_public_is_read_by_those_who_can_sign(
    client: aiohttp.ClientSession, base: str
) -> None:
    where = f"{base}/uploads/scan/a"
    assert await put(client, presign(where)) == 200
    async with client.get(where) as response:
        assert response.status == 403
    async with client.get(presign(where, method="GET", kind=None)) as response:
        assert await response.read() == PNG
        assert response.headers["cache-control"] == "private, no-store"
        assert response.headers["content-disposition"] == "attachment"
    async with client.head(presign(where, method="HEAD", kind=None)) as response:
        assert response.status == 200
    async with client.get(presign(where, method="GET", kind=None, secret="wrong")) as response:
        assert response.status == 403


async def test_headers_are_kept_as_they_were_signed(client: aiohttp.ClientSession, base: str) -> None:
    told = {"Content-Type": "image/png", "Cache-Control": "max-age=60", "x-amz-meta-made-of": "abc 1"}
    unsigned = {"Content-Disposition": "inline", "x-amz-meta-other": "no"}
    url = presign(f"{base}/public/a.png", headers=told)
    async with client.put(url, data=PNG, headers=told | unsigned) as response:
        assert response.status == 200
    async with client.get(f"{base}/public/a.png") as response:
        headers = response.headers
    assert headers["cache-control"] == "max-age=60"
    assert not {"content-disposition", "x-amz-meta-made-of"} & {name.lower() for name in headers}
    async with client.get(presign(f"{base}/public/a.png", method="GET", kind=None)) as response:
        headers = response.headers
    assert headers["x-amz-meta-made-of"] == "abc 1"
    assert "x-amz-meta-other" not in headers


async def test_a_public_object_that_is_not_there_is_asked_for_elsewhere(
    client: aiohttp.ClientSession, store: ObjectStore
) -> None:
    app = application(store, Key("eco2", "s"), "/objects", missing="/made")
    async with serving(app) as port:
        base = f"http://127.0.0.1:{port}/objects/eco2-images"
        async with client.get(f"{base}/public/scan/a.jpg", allow_redirects=False) as response:
            assert (response.status, response.headers["location"]) == (
                307,
                f"http://127.0.0.1:{port}/made/scan/a.jpg",
            )
            assert response.headers["cache-control"] == "no-store"
        there = {"Cache-Control": "only-if-cached"}
        async with client.get(f"{base}/public/scan/a.jpg", headers=there, allow_redirects=False) as response:
            assert response.status == 404
        signed = presign(f"{base}/public/scan/a.jpg", method="GET", kind=None)
        async with client.get(signed, allow_redirects=False) as response:
            assert response.status == 404


async def test_an_expired_url_is_refused(
    client: aiohttp.ClientSession, base: str, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1000)
    monkeypatch.setattr(
        "botocore.auth.get_current_datetime", lambda *_args, **_kwargs: past.replace(tzinfo=None)
    )
    assert await put(client, presign(f"{base}/scan/a.png")) == 403
    assert not stored(store)


@pytest.mark.parametrize("kind", ["image/jpeg", "text/html", ""])
async def test_another_content_type_than_the_signed_is_refused(
    client: aiohttp.ClientSession, base: str, kind: str
) -> None:
    assert await put(client, presign(f"{base}/a/b.png"), kind=kind) == 403


async def test_only_images_are_stored_even_when_signed(client: aiohttp.ClientSession, base: str) -> None:
    for kind in ("text/html", "image/svg+xml"):
        assert await put(client, presign(f"{base}/a/b", kind=kind), kind=kind) == 415
    assert await put(client, presign(f"{base}/a/b", kind=None)) == 403


async def test_a_tampered_url_is_refused(
    client: aiohttp.ClientSession, base: str, store: ObjectStore
) -> None:
    good = presign(f"{base}/scan/a.png")
    other = [
        good.with_path(good.path.replace("a.png", "b.png")),
        good.update_query({"X-Amz-Expires": "90000"}),
        good.update_query({"X-Amz-Signature": "0" * 64}),
        good.update_query({"X-Amz-Credential": good.query["X-Amz-Credential"].replace("eco2", "root")}),
        good.update_query({"X-Amz-SignedHeaders": "host"}),
        good.with_query(None),
        good % {"extra": "1"},
        presign(f"{base}/scan/a.png", secret="wrong"),
        presign(f"{base}/scan/a.png", method="GET"),
    ]
    for url in other:
        assert await put(client, url) == 403, url
    assert not stored(store)
    assert await put(client, good) == 200


async def test_too_much_is_refused_also_when_no_length_is_told(
    client: aiohttp.ClientSession, base: str, store: ObjectStore
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 10_000

    assert await put(client, presign(f"{base}/a/b.png"), b"x" * 100_001) == 413
    assert await put(client, presign(f"{base}/a/b.png"), chunks()) == 413
    assert not stored(store)
    assert await put(client, presign(f"{base}/a/b.png"), b"x" * 100_000) == 200


@pytest.mark.parametrize(
    "path",
    [
        "/objects/eco2-images/../../secrets.json",
        "/objects/eco2-images/%2e%2e/%2e%2e/secrets.json",
        "/objects/eco2-images/a%2f..%2f..%2fb",
        "/objects/eco2-images/a%00b",
        "/objects/eco2-images/a%5c..%5cb",
        "/objects/.types/eco2-images/a",
        "/objects//etc/passwd",
        "/objects/eco2-images",
        "/objects/eco2-images/",
        "/objects/eco2-images/" + "a" * 300,
    ],
)
def test_no_path_leaves_the_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "secrets.json").write_text("secret")

    async def ask() -> list[tuple[int, bytes]]:
        store = ObjectStore(tmp_path / "objects")
        async with serving(application(store, Key("eco2", "s"), "/objects")) as port:
            signed = urlsplit(str(presign(f"http://127.0.0.1:{port}{path}")))
            return [
                await asyncio.to_thread(_raw, port, "GET", path, {}),
                await asyncio.to_thread(
                    _raw, port, "PUT", f"{path}?{signed.query}", {"Content-Type": "image/png"}
                ),
            ]

    for status, body in asyncio.run(ask()):
        assert status in (400, 404)
        assert b"secret" not in body.replace(b"secrets.json", b"")
    assert not [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]


def _raw(port: int, method: str, target: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target, PNG if method == "PUT" else None, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


async def test_an_upload_that_breaks_off_leaves_nothing(base: str, store: ObjectStore) -> None:
    url = urlsplit(str(presign(f"{base}/a/b.png")))
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nhost: {url.netloc}\r\ncontent-type: image/png\r\n"
    writer.write(f"{head}content-length: 5000\r\n\r\n".encode() + b"x" * 100)
    await writer.drain()
    writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    await writer.wait_closed()
    while stored(store):  # its part goes when the store has seen the end
        await asyncio.sleep(0.01)


async def test_what_is_not_there_is_an_xml_404(client: aiohttp.ClientSession, base: str) -> None:
    async with client.get(f"{base}/public/none.png") as response:
        assert response.status == 404
        assert ElementTree.fromstring(await response.text()).findtext("Code") == "NoSuchKey"
    async with client.post(f"{base}/scan/none.png") as response:
        assert response.status == 405
        assert "PUT" in response.headers["allow"]


async def test_a_signed_delete_removes(client: aiohttp.ClientSession, base: str, store: ObjectStore) -> None:
    assert await put(client, presign(f"{base}/a/b.png")) == 200
    async with client.delete(f"{base}/a/b.png") as response:  # nobody signed it
        assert response.status == 403
    async with client.delete(presign(f"{base}/a/b.png", method="DELETE", kind=None)) as response:
        assert response.status == 204
    assert not stored(store)


async def test_an_object_is_written_once_where_the_signer_says_so(
    client: aiohttp.ClientSession, base: str
) -> None:
    once = {"Content-Type": "image/png", "If-None-Match": "*"}
    for status in (200, 412):
        async with client.put(presign(f"{base}/a/once.png"), data=PNG, headers=once) as response:
            assert response.status == status
    assert await put(client, presign(f"{base}/a/once.png"), b"other") == 200


async def test_of_two_first_writers_one_wins_whole(
    client: aiohttp.ClientSession, base: str, store: ObjectStore
) -> None:
    bodies = [bytes([number]) * 50_000 for number in range(12)]

    async def write(number: int) -> int:
        told = {"Content-Type": "image/png", "If-None-Match": "*", "x-amz-meta-writer": str(number)}
        url = presign(f"{base}/public/once.png", headers=told)
        async with client.put(url, data=bodies[number], headers=told) as response:
            return response.status

    statuses = await asyncio.gather(*map(write, range(12)))
    assert sorted(statuses) == [200, *[412] * 11]
    async with client.get(presign(f"{base}/public/once.png", method="GET", kind=None)) as response:
        winner = statuses.index(200)
        assert response.headers["x-amz-meta-writer"] == str(winner)
        assert await response.read() == bodies[winner]
    assert len(stored(store)) == 2  # the description and one file of bytes


async def test_what_a_power_cut_left_is_no_object_and_is_replaced(
    client: aiohttp.ClientSession, base: str, store: ObjectStore
) -> None:
    broken = store.folder / "eco2-images/public/a.png"
    broken.parent.mkdir(parents=True)
    for left in (b"", b'{"headers": {"content-ty', b"[]", b'{"unknown": 1}'):
        broken.write_bytes(left)
        async with client.get(f"{base}/public/a.png") as response:
            assert response.status == 404
    told = {"Content-Type": "image/png", "If-None-Match": "*"}
    async with client.put(presign(f"{base}/public/a.png", headers=told), data=PNG, headers=told) as response:
        assert response.status == 200


async def test_bytes_that_are_gone_are_no_object(
    client: aiohttp.ClientSession, base: str, store: ObjectStore
) -> None:
    assert await put(client, presign(f"{base}/public/a.png")) == 200
    store.find("eco2-images/public/a.png").path.unlink()
    async with client.get(f"{base}/public/a.png") as response:
        assert response.status == 404


async def test_what_broken_writes_left_goes_at_the_start(
    client: aiohttp.ClientSession, base: str, store: ObjectStore
) -> None:
    assert await put(client, presign(f"{base}/public/a.png")) == 200
    kept = store.find("eco2-images/public/a.png").path
    old, young, part = kept.with_name("old"), kept.with_name("young"), store.folder / ".parts/half"
    for left in (old, young, part):
        left.write_bytes(b"left")
    for aged in (old, kept):
        os.utime(aged, (1, 1))
    assert store.collect() == 2
    assert (kept.exists(), young.exists(), old.exists(), part.exists()) == (True, True, False, False)


async def test_a_range_of_an_object_is_got(client: aiohttp.ClientSession, base: str) -> None:
    assert await put(client, presign(f"{base}/public/b.png")) == 200
    async with client.get(f"{base}/public/b.png", headers={"Range": "bytes=0-7"}) as response:
        assert (response.status, await response.read()) == (206, PNG[:8])
        assert response.headers["content-range"] == f"bytes 0-7/{len(PNG)}"
    async with client.get(f"{base}/public/b.png", headers={"Range": "bytes=99999-"}) as response:
        assert response.status == 416


async def test_an_upload_that_stops_coming_is_ended(
    client: aiohttp.ClientSession, store: ObjectStore
) -> None:
    release = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield PNG
        await release.wait()

    app = application(store, Key("eco2", "s"), "/objects", silence_s=0.1, uploads=1)
    async with serving(app) as port:
        base = f"http://127.0.0.1:{port}/objects/eco2-images"
        try:
            assert await put(client, presign(f"{base}/a/slow"), slow()) == 408
        finally:
            release.set()
        assert not stored(store)
        assert await put(client, presign(f"{base}/a/next")) == 200


async def test_only_so_many_uploads_run_at_once(client: aiohttp.ClientSession, store: ObjectStore) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        yield PNG
        begun.set()
        await release.wait()
        yield PNG

    app = application(store, Key("eco2", "s"), "/objects", uploads=1)
    async with serving(app) as port:
        base = f"http://127.0.0.1:{port}/objects/eco2-images"
        first = asyncio.create_task(put(client, presign(f"{base}/a/first"), waiting()))
        await begun.wait()
        while not list(store.folder.glob(".parts/*")):  # a file, not a task
            await asyncio.sleep(0.01)
        assert await put(client, presign(f"{base}/a/second")) == 503
        release.set()
        assert await first == 200


async def test_a_disk_without_room_is_507_and_nothing_half_written_is_left(
    client: aiohttp.ClientSession, tmp_path: Path
) -> None:
    full = ObjectStore(tmp_path / "objects", reserved_bytes=1 << 60)
    async with serving(application(full, Key("eco2", "s"), "/objects")) as port:
        url = presign(f"http://127.0.0.1:{port}/objects/eco2-images/a/b")
        async with client.put(url, data=PNG, headers={"Content-Type": "image/png"}) as response:
            assert response.status == 507
            told = ElementTree.fromstring(await response.text())
    assert told.findtext("Code") == "InsufficientStorage"
    assert "full" in str(told.findtext("Message"))
    assert not stored(full)


async def test_a_folder_that_can_not_be_written_is_503(
    client: aiohttp.ClientSession, base: str, store: ObjectStore
) -> None:
    store.folder.write_text("a file where the folder should be")
    assert await put(client, presign(f"{base}/a/b.png")) == 503


def test_a_signature_of_the_future_and_a_long_life_are_refused() -> None:
    key, headers = Key("eco2", "s"), {"host": "h:1", "content-type": "image/png"}
    url = urlsplit(str(presign("http://h:1/b/k")))
    assert "content-type" in key.check("PUT", url.path, url.query, headers)
    for now in (datetime.now(UTC) - timedelta(minutes=6), datetime.now(UTC) + timedelta(seconds=901)):
        with pytest.raises(SignatureRefused):
            key.check("PUT", url.path, url.query, headers, now=now)
    long = urlsplit(str(presign("http://h:1/b/k", expires_s=8 * 86_400)))
    with pytest.raises(SignatureRefused, match="expiry"):
        key.check("PUT", long.path, long.query, headers)
