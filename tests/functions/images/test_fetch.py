"""Fetching: where it goes, where it does not let itself be led, and when it stops."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from functions.images.decoding import Decoders
from functions.images.fetch import (
    FetchedImage,
    FetchPolicy,
    ImageFetcher,
    ImageRejected,
    ImageUnavailable,
)
from tests.functions.images.conftest import HOST, Certificate, Names, Server, StartServer, answer, picture


def own(server: Server, **changes: Any) -> FetchPolicy:
    """Takes pictures below /i/ of the server as our own, and those of `HOST`."""
    return FetchPolicy(own_prefixes=(f"{server.url}/i/",), hosts=(HOST,), **changes)


async def fetch_image(url: str, policy: FetchPolicy) -> FetchedImage:
    decoders = Decoders()
    fetcher = ImageFetcher(policy, decoders)
    try:
        return await fetcher.fetch(url)
    finally:
        await fetcher.close()
        await decoders.close()


MakeFetcher = Callable[..., ImageFetcher]


@pytest.fixture
async def make() -> AsyncIterator[MakeFetcher]:
    async with AsyncExitStack() as opened:

        def fetcher(*args: Any, **kwargs: Any) -> ImageFetcher:
            decoders = Decoders()
            opened.push_async_callback(decoders.close)
            made = ImageFetcher(args[0], decoders, *args[1:], **kwargs)
            opened.push_async_callback(made.close)
            return made

        yield fetcher


class TestOwnStore:
    async def test_a_bare_jpeg_comes_back_unchanged(self, start: StartServer) -> None:
        server = await start()
        server.answers["/i/a.jpg"] = answer(picture())
        image = await fetch_image(f"{server.url}/i/a.jpg", own(server))
        assert image.jpeg == picture()
        assert (image.width, image.height) == (60, 40)

    async def test_a_png_comes_back_as_jpeg(self, start: StartServer) -> None:
        server = await start()
        server.answers["/i/a.png"] = answer(picture("PNG"), content_type="text/plain")
        image = await fetch_image(f"{server.url}/i/a.png", own(server))
        assert image.jpeg[:2] == b"\xff\xd8"

    async def test_nothing_about_us_is_sent_along(self, start: StartServer) -> None:
        server = await start()
        server.answers["/i/a.jpg"] = answer(picture())
        await fetch_image(f"{server.url}/i/a.jpg", own(server))
        names = {line.split(b":")[0].lower() for line in server.requests[0].split(b"\r\n")[1:] if line}
        assert names == {b"host", b"accept", b"accept-encoding", b"user-agent"}

    @pytest.mark.parametrize(
        ("reply", "code"),
        [
            (answer(b"", status="404 Not Found"), "IMAGE_URL_INVALID"),
            (answer(b"", status="403 Forbidden"), "IMAGE_URL_INVALID"),
            (answer(b"", status="304 Not Modified"), "IMAGE_URL_INVALID"),
            (answer(b"<html>hello</html>", content_type="image/jpeg"), "IMAGE_UNREADABLE"),
            (answer(gzip.compress(picture()), content_encoding="gzip"), "IMAGE_UNREADABLE"),
            (answer(picture()[:100]), "IMAGE_UNREADABLE"),
            (answer(b"", length=20 * 1024 * 1024), "IMAGE_TOO_LARGE"),
            (answer(b"\0" * 2_000_000, length=-1), "IMAGE_TOO_LARGE"),
        ],
    )
    async def test_what_is_no_picture_is_rejected(self, start: StartServer, reply: bytes, code: str) -> None:
        server = await start()
        server.answers["/i/a"] = reply
        with pytest.raises(ImageRejected) as raised:
            await fetch_image(f"{server.url}/i/a", own(server, max_bytes=1_000_000))
        assert raised.value.code == code

    @pytest.mark.parametrize(
        "reply",
        [
            answer(b"", status="500 Oh"),
            answer(b"", status="503 Oh"),
            answer(b"", status="429 Slow"),
            answer(picture(), length=100_000),
            answer(picture(), length=100),
            b"this is not http",
            b"",
        ],
    )
    async def test_a_server_in_trouble_is_worth_another_try(self, start: StartServer, reply: bytes) -> None:
        server = await start()
        server.answers["/i/a"] = reply
        with pytest.raises(ImageUnavailable):
            await fetch_image(f"{server.url}/i/a", own(server))

    async def test_time_is_bounded(self, start: StartServer) -> None:
        server = await start()
        server.answers["/i/a"] = None
        with pytest.raises(ImageUnavailable, match=r"within 0\.2 s"):
            await fetch_image(f"{server.url}/i/a", own(server, own_timeout_s=0.2))

    async def test_nobody_listening_is_worth_another_try(self, start: StartServer) -> None:
        server = await start()
        policy = FetchPolicy(own_prefixes=("http://127.0.0.1:9/",))
        with pytest.raises(ImageUnavailable):
            await fetch_image("http://127.0.0.1:9/a", policy)
        assert server.asked == []


class TestRedirects:
    async def test_up_to_three_are_followed(self, start: StartServer) -> None:
        server = await start()
        for number in range(3):
            server.answers[f"/i/{number}"] = answer(b"", status="302 Found", location=f"/i/{number + 1}")
        server.answers["/i/3"] = answer(picture())
        await fetch_image(f"{server.url}/i/0", own(server))
        assert server.asked == ["/i/0", "/i/1", "/i/2", "/i/3"]

    async def test_four_are_too_many(self, start: StartServer) -> None:
        server = await start()
        server.answers["/i/0"] = answer(b"", status="302 Found", location="/i/0")
        with pytest.raises(ImageRejected, match="redirects"):
            await fetch_image(f"{server.url}/i/0", own(server))
        assert len(server.asked) == 4

    @pytest.mark.parametrize(
        "location",
        [
            "/secrets",
            "/i/../secrets",
            "//169.254.169.254/latest",
            "http://169.254.169.254/latest",
            "https://[::ffff:169.254.169.254]/",
            f"http://{HOST}/a",
            f"https://{HOST}:8443/a",
            f"https://{HOST}@evil.example/a",
            "https://evil.example/a",
            "file:///etc/passwd",
            "data:image/png;base64,AAAA",
            "http://127.0.0.1:22/i/",
        ],
    )
    async def test_each_is_checked_like_the_first(self, start: StartServer, location: str) -> None:
        server = await start()
        server.answers["/i/a"] = answer(b"", status="307 Temporary Redirect", location=location)
        with pytest.raises(ImageRejected) as raised:
            await fetch_image(f"{server.url}/i/a", own(server))
        assert raised.value.code == "IMAGE_URL_INVALID"
        assert server.asked == ["/i/a"]

    async def test_a_redirect_to_a_listed_host_with_an_inner_address_is_refused(
        self, start: StartServer, make: MakeFetcher
    ) -> None:
        server = await start()
        server.answers["/i/a"] = answer(b"", status="302 Found", location=f"https://{HOST}/a")
        fetcher = make(own(server), resolver=Names({HOST: [["10.0.0.1"]]}, server.port))
        with pytest.raises(ImageRejected, match="inner address"):
            await fetcher.fetch(f"{server.url}/i/a")


class TestOtherHosts:
    async def test_a_listed_host_is_reached_by_tls(
        self, start: StartServer, certificate: Certificate, make: MakeFetcher
    ) -> None:
        server = await start(certificate.server)
        server.answers["/a"] = answer(picture())
        names = Names({HOST: [["127.0.0.1"]]}, server.port)
        fetcher = make(
            FetchPolicy(hosts=(HOST,)), resolver=names, tls=certificate.client, public="127.0.0.1".__eq__
        )
        assert (await fetcher.fetch(f"https://{HOST}/a")).width == 60

    async def test_a_certificate_nobody_signed_is_not_trusted(
        self, start: StartServer, certificate: Certificate, make: MakeFetcher
    ) -> None:
        server = await start(certificate.server)
        names = Names({HOST: [["127.0.0.1"]]}, server.port)
        fetcher = make(FetchPolicy(hosts=(HOST,)), resolver=names, public="127.0.0.1".__eq__)
        with pytest.raises(ImageUnavailable):
            await fetcher.fetch(f"https://{HOST}/a")
        assert server.asked == []

    @pytest.mark.parametrize(
        "addresses",
        [
            ["127.0.0.1"],
            ["10.0.0.1"],
            ["169.254.169.254"],
            ["::1"],
            ["::ffff:127.0.0.1"],
            ["fd00:ec2::254"],
            ["93.184.216.34", "127.0.0.1"],
        ],
    )
    async def test_a_name_of_an_inner_address_is_refused_without_connecting(
        self, start: StartServer, certificate: Certificate, make: MakeFetcher, addresses: list[str]
    ) -> None:
        server = await start(certificate.server)
        names = Names({HOST: [addresses]}, server.port)
        fetcher = make(FetchPolicy(hosts=(HOST,)), resolver=names, tls=certificate.client)
        with pytest.raises(ImageRejected, match="inner address"):
            await fetcher.fetch(f"https://{HOST}/a")
        assert server.asked == []

    async def test_the_address_that_was_checked_is_the_one_connected_to(
        self, start: StartServer, certificate: Certificate, make: MakeFetcher
    ) -> None:
        server = await start(certificate.server)
        server.answers["/a"] = answer(picture())
        # A name that is fine when first asked and leads inside from then on.
        names = Names({HOST: [["127.0.0.1"], ["10.0.0.1"]]}, server.port)
        fetcher = make(
            FetchPolicy(hosts=(HOST,)), resolver=names, tls=certificate.client, public="127.0.0.1".__eq__
        )
        await fetcher.fetch(f"https://{HOST}/a")
        assert names.asked == 1
        with pytest.raises(ImageRejected, match="inner address"):
            await fetcher.fetch(f"https://{HOST}/a")

    async def test_localhost_by_its_real_resolver_is_refused(self, make: MakeFetcher) -> None:
        fetcher = make(FetchPolicy(hosts=("localhost.localdomain",)))
        with pytest.raises((ImageRejected, ImageUnavailable)):
            await fetcher.fetch("https://localhost.localdomain/a")


async def test_cancelling_ends_the_download(start: StartServer) -> None:
    server = await start()
    server.answers["/i/a"] = None
    fetching = asyncio.create_task(fetch_image(f"{server.url}/i/a", own(server)))
    for _ in range(1000):
        if server.asked:
            break
        await asyncio.sleep(0.005)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching


async def test_many_pictures_at_once(start: StartServer, make: MakeFetcher) -> None:
    server = await start()
    server.answers["/i/a"] = answer(picture("PNG"))
    fetcher = make(own(server))
    images = await asyncio.gather(*(fetcher.fetch(f"{server.url}/i/a") for _ in range(100)))
    assert {image.width for image in images} == {60}
