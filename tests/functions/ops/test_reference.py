"""The page of the API's reference is whole: nothing of it comes from elsewhere."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator

import pytest

from functions.ops.documents.func import documents
from functions.ops.reference.func import reference
from tests.functions.asgi_client import Functions

DOCS = "/api/v1/docs"


@pytest.fixture
async def functions() -> AsyncIterator[Functions]:
    """Functions of a process without servers."""
    made = Functions({})
    yield made
    await made.close()


async def test_the_page_names_only_what_is_served_here(functions: Functions) -> None:
    answer = await functions.call(reference, "GET", DOCS)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r'(?:src|href|spec-url)="([^"]+)"', answer.text) == [
        "/",
        "/api/v1/docs/events",
        "/api/v1/openapi.json",
        "/api/v1/openapi.json",
        "/api/v1/openapi.json",
        "/api/v1/docs/redoc.js",
    ]
    assert "http" not in answer.headers["content-security-policy"]


async def test_the_page_of_events_has_a_place_for_every_type_and_its_links_lead_there(
    functions: Functions,
) -> None:
    answer = await functions.call(reference, "GET", f"{DOCS}/events")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    document = (await functions.call(documents, "GET", "/api/v1/asyncapi.json")).json()
    places = set(re.findall(r'<section id="([^"]+)"', answer.text))
    assert document["channels"].keys() <= places
    assert {link[1:] for link in re.findall(r'href="(#[^"]+)"', answer.text)} <= places
    requested = answer.text.partition('<section id="eco2.scan.requested">')[2].partition("</section>")[0]
    assert "scan-vision" in requested
    assert re.search(r"<code>image_url</code>\s*</td>\s*<td>string</td>\s*<td>required</td>", requested)
    assert "<script" not in answer.text


@pytest.mark.parametrize("encoding", ["gzip, br", "identity"])
async def test_the_script_is_served_packed_and_plain(functions: Functions, encoding: str) -> None:
    answer = await functions.call(reference, "GET", f"{DOCS}/redoc.js", headers={"accept-encoding": encoding})
    assert answer.headers["content-type"].startswith("text/javascript")
    assert ("content-encoding" in answer.headers) == encoding.startswith("gzip")
    assert b"Redoc" in answer.content
    assert not answer.content.startswith(gzip.compress(b"")[:2])


async def test_what_is_known_is_not_sent_again_and_what_is_not_there_is_not_found(
    functions: Functions,
) -> None:
    tag = (await functions.call(reference, "GET", DOCS)).headers["etag"]
    known = await functions.call(reference, "GET", DOCS, headers={"if-none-match": tag})
    assert (known.status_code, known.content) == (304, b"")
    assert (await functions.call(reference, "GET", f"{DOCS}/other.js")).json()["code"] == "ROUTE_NOT_FOUND"
