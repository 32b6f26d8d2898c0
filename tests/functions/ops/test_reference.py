"""The references are whole pages: nothing of them comes from elsewhere, and their links lead somewhere."""

from __future__ import annotations

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


async def test_the_page_of_the_api_has_a_place_for_every_operation_and_type_and_its_links_lead_there(
    functions: Functions,
) -> None:
    answer = await functions.call(reference, "GET", DOCS)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    document = (await functions.call(documents, "GET", "/api/v1/openapi.json")).json()
    places = re.findall(r'<section id="([^"]+)"', answer.text)
    assert len(places) == len(set(places))
    operations = [each for item in document["paths"].values() for each in item.values()]
    assert {each["operationId"] for each in operations} <= set(places)
    assert document["components"]["schemas"].keys() <= set(places)
    links = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert {link[1:] for link in links if link.startswith("#")} <= set(places)
    assert {link for link in links if not link.startswith("#")} == {
        "/",
        "/api/v1/docs/events",
        "/api/v1/openapi.json",
    }


async def test_an_operation_is_told_with_what_is_sent_what_comes_and_what_can_go_wrong(
    functions: Functions,
) -> None:
    text = (await functions.call(reference, "GET", DOCS)).text
    submit = text.partition('<section id="scan-submit">')[2].partition("</section>")[0]
    for told in ("Needs a login.", "Required.", "TOO_MANY_SCANS", "Answer 202", "--json", "ScanAccepted"):
        assert told in submit
    everywhere = text.partition('<section id="problems">')[2].partition("</section>")[0]
    assert "LOGIN_REQUIRED" in everywhere
    assert "LOGIN_REQUIRED" not in submit


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
    assert re.search(r"<code>image_url</code>\s*</td>\s*<td>string</td>\s*<td>Required", requested)


@pytest.mark.parametrize("page", [DOCS, f"{DOCS}/events"])
async def test_a_page_is_packed_for_who_can_read_that_and_has_no_script(
    functions: Functions, page: str
) -> None:
    plain, packed = [
        await functions.call(reference, "GET", page, headers={"accept-encoding": encoding})
        for encoding in ("identity", "gzip, br")
    ]
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
    assert plain.headers["etag"] != packed.headers["etag"]
    assert "<script" not in plain.text
    assert "script-src" not in plain.headers["content-security-policy"]


async def test_what_is_known_is_not_sent_again_and_what_is_not_there_is_not_found(
    functions: Functions,
) -> None:
    tag = (await functions.call(reference, "GET", DOCS)).headers["etag"]
    known = await functions.call(reference, "GET", DOCS, headers={"if-none-match": tag})
    assert (known.status_code, known.content) == (304, b"")
    assert (await functions.call(reference, "GET", f"{DOCS}/other.js")).json()["code"] == "ROUTE_NOT_FOUND"
