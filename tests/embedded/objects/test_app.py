"""The object store, with URLs signed by botocore as another service would sign them."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
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
    url: str, *, method: str = "PUT", kind: str | None = "image/png", expires_s: int = 900, secret: str = "s"
) -> URL:
    request = AWSRequest(method, url, headers={"Content-Type": kind} if kind else {})
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


@pytest.mark.parametrize("key", ["scan/2026/a.png", "scan/a=b_c.png", "scan/0f-9.png"])
async def test_what_was_put_is_got(client: aiohttp.ClientSession, base: str, key: str) -> None:
    assert await put(client, presign(f"{base}/{key}")) == 200
    async with client.get(f"{base}/{key}") as response:
        assert await response.read() == PNG
        headers = response.headers
    assert headers["content-type"] == "image/png"
    assert headers["etag"] == f'"{hashlib.md5(PNG).hexdigest()}"'
    assert "immutable" in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"
    async with client.head(f"{base}/{key}") as response:
        assert response.headers["content-length"] == str(len(PNG))
    async with client.get(f"{base}/{key}", headers={"If-None-Match": headers["etag"]}) as response:
        assert response.status == 304


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
    assert not list((tmp_path / "objects").rglob("*"))


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
    assert not (store.folder / "eco2-images/a/b.png").exists()


async def test_what_is_not_there_is_an_xml_404(client: aiohttp.ClientSession, base: str) -> None:
    async with client.get(f"{base}/scan/none.png") as response:
        assert response.status == 404
        assert ElementTree.fromstring(await response.text()).findtext("Code") == "NoSuchKey"
    async with client.post(f"{base}/scan/none.png") as response:
        assert response.status == 405
        assert "PUT" in response.headers["allow"]


async def test_a_signed_delete_removes(client: aiohttp.ClientSession, base: str, store: ObjectStore) -> None:
    assert await put(client, presign(f"{base}/a/b.png")) == 200
    async with client.delete(f"{base}/a/b.png") as response:
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


async def test_a_range_of_an_object_is_got(client: aiohttp.ClientSession, base: str) -> None:
    assert await put(client, presign(f"{base}/a/b.png")) == 200
    async with client.get(f"{base}/a/b.png", headers={"Range": "bytes=0-7"}) as response:
        assert (response.status, await response.read()) == (206, PNG[:8])


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
