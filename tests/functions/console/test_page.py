"""The console's page and files as they are served: typed, packed, kept, and under a policy of its own."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator

import pytest

from functions.console import site
from functions.console.page.func import page
from tests.functions.asgi_client import Functions

OBJECTS = "https://objects.example:9000/eco2"


@pytest.fixture
async def functions() -> AsyncIterator[Functions]:
    """Functions of a process without servers."""
    made = Functions({"ECO2_OBJECTS_URL": OBJECTS, "ECO2_CDN_URL": "https://cdn.example/a"})
    yield made
    await made.close()


async def test_the_page_names_its_files_by_their_digest_and_each_is_there(functions: Functions) -> None:
    answer = await functions.call(page, "GET", "/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    named = set(re.findall(r'(?:href|src)="(/console/[^"]+)"', answer.text))
    assert len(named) >= 6
    for path in named:
        file = await functions.call(page, "GET", path)
        assert file.status_code == 200, path
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert file.headers["content-type"] == site.TYPES[f".{path.rpartition('.')[2]}"]


async def test_no_file_of_the_page_is_elsewhere_and_none_is_a_script_within_it(functions: Functions) -> None:
    text = (await functions.call(page, "GET", "/")).text
    assert "http:" not in text
    assert "https:" not in text
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", text)


async def test_the_policy_names_the_pictures_origins_alone(functions: Functions) -> None:
    policy = (await functions.call(page, "GET", "/")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'self' blob: data: https://objects.example:9000 https://cdn.example;" in policy
    assert "unsafe" not in policy
    assert site.policy(["", ""]).count("https:") == 0


async def test_what_a_browser_has_is_not_sent_again(functions: Functions) -> None:
    for path in ("/", f"/console/{site.digest()}/main.js"):
        first = await functions.call(page, "GET", path)
        again = await functions.call(
            page, "GET", path, headers={"if-none-match": f"W/{first.headers['etag']}"}
        )
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["cache-control"] == first.headers["cache-control"]


async def test_text_is_packed_for_those_who_can_unpack_it(functions: Functions) -> None:
    path = f"/console/{site.digest()}/style.css"
    packed = await functions.call(page, "GET", path, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    plain = await functions.call(page, "GET", path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content == gzip.decompress(site.files()["style.css"].packed or b"")
    assert plain.headers["vary"] == "accept-encoding"


async def test_a_file_asked_under_another_releases_digest_is_asked_for_again(functions: Functions) -> None:
    answer = await functions.call(page, "GET", "/console/0123456789ab/main.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("path", ["/console/x/none.js", "/console/x/index.html", "/console/x/..%2Fsite.py"])
async def test_there_is_nothing_else(path: str, functions: Functions) -> None:
    answer = await functions.call(page, "GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, "ROUTE_NOT_FOUND")


def test_all_of_it_is_small() -> None:
    assert sum(len(file.packed or file.body) for file in site.files().values()) <= 150_000
