"""What is wrong with a request is told as the contract says, and nothing gets stuck over it."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from bench.users import picture
from tests.end_to_end.client import Answer, User
from tests.end_to_end.platform import Platform, running
from tests.end_to_end.tokens import issue

INSIDES = ("Traceback", 'File "/', "psycopg", "pydantic", "aiohttp", "redis.", "site-packages")


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    settings = {"ECO2_CORS_ORIGINS": "https://app.eco2.example", "ECO2_IMAGE_HOSTS": "images.example.com"}
    with running(processes=1, settings=settings) as started:
        yield started


def assert_problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """A problem document with everything the contract asks for, and nothing of our insides."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert all(isinstance(body[name], str) and body[name] for name in ("type", "title", "detail", "instance"))
    assert answer.headers["x-request-id"] == body["request_id"]
    assert not [word for word in INSIDES if word in answer.body.decode()], body
    return body


@dataclass(frozen=True, slots=True)
class Bad:
    """A request, and the problem it is answered with. `{job}` in the path is a job of the user's own."""

    about: str
    status: int
    code: str
    method: str = "POST"
    path: str = "/api/v1/scan"
    json: Any = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def url(address: str) -> dict[str, str]:
    return {"image_url": address}


JSON = {"content-type": "application/json"}
UNKNOWN = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
BAD = [
    *(
        Bad(f"picture from {address[:60]}", 400, "IMAGE_URL_INVALID", json=url(address))
        for address in (
            "data:image/png;base64,iVBORw0KGgo=",
            "http://127.0.0.1/a.jpg",
            "http://localhost:8080/a.jpg",
            "https://127.0.0.1/a.jpg",
            "https://127.1/a.jpg",
            "https://2130706433/a.jpg",
            "https://0x7f000001/a.jpg",
            "https://[::1]/a.jpg",
            "https://[::ffff:10.0.0.1]/a.jpg",
            "https://10.0.0.1/a.jpg",
            "https://172.16.0.1/a.jpg",
            "https://192.168.0.1/a.jpg",
            "https://169.254.169.254/latest/meta-data",
            "http://metadata.google.internal/",
            "https://evil.example.org/a.jpg",
            "https://images.example.com.evil.org/a.jpg",
            "https://images.example.com@10.0.0.1/a.jpg",
            "https://images.example.com:8443/a.jpg",
            "http://images.example.com/a.jpg",
            "file:///etc/passwd",
            "ftp://images.example.com/a.jpg",
            "gopher://127.0.0.1:6379/_FLUSHALL",
            "//images.example.com/a.jpg",
            "not a url",
        )
    ),
    Bad("no picture", 422, "VALIDATION_FAILED", json={}),
    Bad("picture of another type", 422, "VALIDATION_FAILED", json={"image_url": 7}),
    Bad("address too long", 422, "VALIDATION_FAILED", json=url("https://images.example.com/" + "a" * 3000)),
    Bad("text too long", 422, "VALIDATION_FAILED", json={"image_url": "x", "user_input": "가" * 1001}),
    Bad("unknown model", 400, "UNSUPPORTED_MODEL", json={"image_url": "x", "model": "gpt-2"}),
    Bad("body too large", 413, "BODY_TOO_LARGE", json={"image_url": "x" * 200_000}),
    Bad("broken JSON", 400, "JSON_INVALID", body=b'{"image_url": ', headers=JSON),
    Bad("no UTF-8", 400, "JSON_INVALID", body=b'{"image_url": "\xff\xfe"}', headers=JSON),
    Bad("JSON of another shape", 422, "VALIDATION_FAILED", body=b"[1, 2]", headers=JSON),
    Bad("deep JSON", 400, "JSON_INVALID", body=b"[" * 8_000, headers=JSON),
    Bad(
        "another content type",
        415,
        "CONTENT_TYPE_INVALID",
        body=b"image_url=x",
        headers={"content-type": "application/x-www-form-urlencoded"},
    ),
    Bad(
        "idempotency key too long",
        400,
        "IDEMPOTENCY_KEY_INVALID",
        json=url("x"),
        headers={"idempotency-key": "k" * 256},
    ),
    Bad("malformed cursor", 400, "INVALID_CURSOR", "GET", "/api/v1/scan?cursor=nonsense"),
    Bad("cursor of zeros", 400, "INVALID_CURSOR", "GET", "/api/v1/scan?cursor=AAAA"),
    Bad("limit of zero", 422, "VALIDATION_FAILED", "GET", "/api/v1/scan?limit=0"),
    Bad("limit too high", 422, "VALIDATION_FAILED", "GET", "/api/v1/scan?limit=1000"),
    Bad("limit that is no number", 422, "VALIDATION_FAILED", "GET", "/api/v1/scan?limit=many"),
    Bad("unknown job", 404, "JOB_NOT_FOUND", "GET", f"/api/v1/scan/{UNKNOWN}/result"),
    Bad("unknown job's stream", 404, "JOB_NOT_FOUND", "GET", f"/api/v1/scan/{UNKNOWN}/events"),
    Bad("unknown job cancelled", 404, "JOB_NOT_FOUND", "DELETE", f"/api/v1/scan/{UNKNOWN}"),
    Bad("job id that can't be", 404, "NOT_FOUND", "GET", "/api/v1/scan/../../etc/result"),
    Bad("stream of no job", 422, "PARAMETER_MISSING", "GET", "/api/v1/stream"),
    Bad("unknown route", 404, "NOT_FOUND", "GET", "/api/v1/nothing"),
    Bad("path outside", 404, "NOT_FOUND", "GET", "/etc/passwd"),
    Bad("function's own path", 404, "NOT_FOUND", "GET", "/metrics"),
    Bad("wrong method", 405, "METHOD_NOT_ALLOWED", "PUT", "/api/v1/scan"),
    Bad(
        "another type of picture",
        400,
        "IMAGE_TYPE_UNSUPPORTED",
        path="/api/v1/images/scan",
        json={"filename": "a.svg", "content_type": "image/svg+xml"},
    ),
    Bad(
        "picture announced too large",
        400,
        "IMAGE_TOO_LARGE",
        path="/api/v1/images/scan",
        json={"filename": "a.jpg", "content_type": "image/jpeg", "content_length": 50_000_000},
    ),
    Bad("unknown channel", 404, "NOT_FOUND", path="/api/v1/images/other", json={}),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.about.replace(" ", "-"))
async def test_a_bad_request_is_told_what_is_wrong(user: User, bad: Bad) -> None:
    answer = await user.ask(bad.method, bad.path, json=bad.json, body=bad.body, headers=bad.headers)
    body = assert_problem(answer, bad.status, bad.code)
    if bad.code == "VALIDATION_FAILED":
        assert all({"loc", "msg", "type"} <= set(finding) for finding in body["errors"])
    if bad.code == "UNSUPPORTED_MODEL":
        assert body["supported_models"]
    if bad.code == "METHOD_NOT_ALLOWED":
        assert "POST" in answer.headers["allow"]
    assert (await user.ask("GET", "/api/v1/scan")).json()["scans"] == []


def png_bomb() -> bytes:
    """16,000 x 16,000 pixels of nothing in a few hundred kilobytes, valid in every byte."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * 48_001) for _ in range(16_000)) + packer.flush()
    header = struct.pack(">IIBBBBB", 16_000, 16_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PICTURES = {
    "text": (b"this is no picture at all", "image/jpeg"),
    "html": (b"<html><script>alert(1)</script></html>", "image/png"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/png"),
    "nothing": (b"", "image/jpeg"),
    "cut JPEG": (picture()[:4_000], "image/jpeg"),
    "only the start of a JPEG": (b"\xff\xd8\xff\xe0", "image/jpeg"),
    "decompression bomb": (png_bomb(), "image/png"),
}


@pytest.mark.parametrize("name", PICTURES)
async def test_what_is_no_picture_ends_its_job_with_an_error(
    platform: Platform, user: User, name: str
) -> None:
    content, content_type = PICTURES[name]
    before = await platform.calls()
    job_id = await user.submit(await user.upload(content, content_type))
    events = await user.stream(job_id)
    assert events[-1].name == "error"
    # A bomb is too large, or is not read at all; both are said without asking a model.
    codes = {"IMAGE_UNREADABLE", "IMAGE_TOO_LARGE"} if name == "decompression bomb" else {"IMAGE_UNREADABLE"}
    assert events[-1].data["error"].upper() in codes
    assert {"type": "error", "stage": "vision"}.items() <= events[-1].data.items()
    assert events[-1].data["message"]
    result = (await user.result(job_id)).json()
    assert (result["status"], result["pipeline_result"], result["reward"]) == ("failed", None, None)
    assert result["error"]["code"] in codes
    assert not [word for word in INSIDES if word in json.dumps(result)]
    assert (await platform.calls())["calls"] == before["calls"]
    assert await user.stream(job_id) == events


async def test_an_object_that_is_not_there_ends_its_job_with_an_error(user: User) -> None:
    there = await user.upload()
    job_id = await user.submit(f"{there.rpartition('/')[0]}/{uuid4()}.jpg")
    events = await user.stream(job_id)
    assert (events[-1].name, events[-1].data["error"]) == ("error", "image_url_invalid")
    assert (await user.result(job_id)).json()["error"]["code"] == "IMAGE_URL_INVALID"


async def test_a_host_of_the_list_that_leads_nowhere_ends_its_job_with_an_error(user: User) -> None:
    job_id = await user.submit("https://images.example.com/a.jpg")
    events = await user.follow(job_id, within_s=60)
    assert events
    assert events[-1].name == "error"
    assert (await user.result(job_id)).json()["status"] == "failed"


async def test_fifty_megabytes_are_not_stored(user: User) -> None:
    place = (
        await user.ask(
            "POST", "/api/v1/images/scan", json={"filename": "a.jpg", "content_type": "image/jpeg"}
        )
    ).json()

    async def chunked() -> AsyncIterator[bytes]:
        for _ in range(800):
            yield b"\xff" * 65_536

    for content in (io.BytesIO(b"\xff" * 50_000_000), chunked()):
        # The store may hang up while we are still sending.
        with contextlib.suppress(aiohttp.ClientError):
            async with user.http.put(
                place["upload_url"], data=content, headers=place["required_headers"]
            ) as refused:
                assert refused.status == 413
        assert (await user.ask("GET", place["cdn_url"])).status == 404


async def test_a_picture_of_fifty_megabytes_by_address_is_not_read(platform: Platform, user: User) -> None:
    there = await user.upload()
    assert (await user.ask("GET", there)).status == 200
    # Put there behind the store's back: the store itself takes no such thing.
    objects = platform.home.folder / "objects"
    described = json.loads(next(objects.rglob(there.rpartition("/")[2])).read_text())
    next((objects / ".data").rglob(described["data"])).write_bytes(b"\xff\xd8\xff\xe0" + bytes(50_000_000))
    job_id = await user.submit(there)
    events = await user.stream(job_id)
    assert (events[-1].name, events[-1].data["error"]) == ("error", "image_too_large")


@pytest.mark.parametrize("change", ["type", "path", "signature", "none"])
async def test_the_store_takes_only_what_was_signed(user: User, change: str) -> None:
    place = (
        await user.ask(
            "POST", "/api/v1/images/scan", json={"filename": "a.jpg", "content_type": "image/jpeg"}
        )
    ).json()
    target, headers = place["upload_url"], dict(place["required_headers"])
    if change == "type":
        headers["Content-Type"] = "image/png"
    elif change == "path":
        target = target.replace("/scan/", "/my/")
    elif change == "signature":
        target = target[:-4] + ("0000" if not target.endswith("0000") else "1111")
    else:
        target = target.partition("?")[0]
    answer = await user.ask("PUT", target, body=picture(), headers=headers)
    assert answer.status in (400, 403), answer
    assert (await user.ask("GET", place["cdn_url"])).status == 404


async def test_nobody_gets_in_without_a_good_token(platform: Platform, user: User) -> None:
    good = user.cookies["s_access"]
    head, body, signature = good.split(".")
    tokens = {
        "none": None,
        "garbage": "garbage",
        "three parts of garbage": "a.b.c",
        "not ASCII": "é.é.é",
        "very long": "x" * 6_000,
        "cut signature": good[:-4],
        "other signature": f"{head}.{body}.{signature[::-1]}",
        "unsigned": f"eyJhbGciOiJub25lIn0.{body}.",
        "expired": issue(platform, user, lasts_s=-6),
        "refresh": user.cookies["s_refresh"],
    }
    path = "/api/v1/scan/categories"
    async with User.anonymous(platform.url) as nobody:
        assert (await nobody.ask("GET", path, headers={"authorization": f"Bearer {good}"})).status == 200
        for about, token in tokens.items():
            for header in ("cookie", "authorization"):
                value = f"s_access={token}" if header == "cookie" else f"Bearer {token}"
                headers = {} if token is None else {header: value}
                for one in (path, f"/api/v1/scan/{UNKNOWN}/events", "/api/v1/users/me"):
                    answer = await nobody.ask("GET", one, headers=headers)
                    assert answer.status == 401, (about, one, answer)
                    assert answer.headers["content-type"] == "application/problem+json"
                    assert answer.headers["x-request-id"] == answer.json()["request_id"]


async def test_identity_headers_of_a_client_count_for_nothing(platform: Platform, user: User) -> None:
    me = (await user.ask("GET", "/api/v1/users/me")).json()
    job_id = await user.submit(await user.upload())
    await user.stream(job_id)
    forged = {"x-user-id": me["id"], "x-auth-provider": "local", "X-Auth-Expires-At": "9999999999"}
    async with User.anonymous(platform.url) as nobody:
        assert (await nobody.ask("GET", "/api/v1/users/me", headers=forged)).status == 401
    async with User.signed_in(platform.url, f"다른 {uuid4()}") as other:
        seen = (await other.ask("GET", "/api/v1/users/me", headers=forged)).json()
        assert seen["id"] != me["id"]
        assert (await other.ask("GET", f"/api/v1/scan/{job_id}/result", headers=forged)).status == 404
        assert (await other.ask("GET", "/api/v1/scan", headers=forged)).json()["scans"] == []


async def test_a_foreign_origin_gets_no_permission(user: User) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    for origin in ("https://evil.example.org", "null", "https://app.eco2.example.evil.org"):
        for method, headers in (("OPTIONS", asked), ("GET", {})):
            answer = await user.ask(method, "/api/v1/scan", headers={"origin": origin, **headers})
            assert "access-control-allow-origin" not in answer.headers, origin
            assert "access-control-allow-credentials" not in answer.headers, origin
    ours = {"origin": "https://app.eco2.example", **asked}
    answer = await user.ask("OPTIONS", "/api/v1/scan", headers=ours)
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "https://app.eco2.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    refused = await user.ask("GET", "/api/v1/nothing", headers={"origin": "https://app.eco2.example"})
    assert refused.headers["access-control-allow-origin"] == "https://app.eco2.example"


async def test_a_request_id_is_kept_or_replaced(user: User) -> None:
    kept = await user.ask("GET", "/api/v1/nothing", headers={"x-request-id": "my-request-0001"})
    assert kept.headers["x-request-id"] == "my-request-0001"
    replaced = await user.ask("GET", "/api/v1/nothing", headers={"x-request-id": "<script>"})
    assert_problem(replaced, 404, "NOT_FOUND")
    assert "script" not in replaced.headers["x-request-id"]


def test_the_bomb_is_a_bomb() -> None:
    """Small on the wire, 768 MB in memory; PIL finds the header good."""
    from PIL import Image

    bomb = png_bomb()
    assert len(bomb) < 2_000_000
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(bomb))


async def test_after_all_that_a_scan_still_works_and_nothing_is_stuck(platform: Platform, user: User) -> None:
    job_id = await user.submit(await user.upload())
    assert (await user.stream(job_id))[-1].step == ("done", "completed")
    await platform.settled()
    assert all(platform.restarts(name) == 0 for name in ("functions-1", "edge", "broker"))
