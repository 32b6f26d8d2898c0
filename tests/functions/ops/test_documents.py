"""The documents of the API are served as generated and refer to nothing outside of themselves."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from functions.ops.documents.func import documents
from tests.functions.asgi_client import Functions


@pytest.fixture
async def functions() -> AsyncIterator[Functions]:
    """Functions of a process without servers."""
    made = Functions({})
    yield made
    await made.close()


@pytest.mark.parametrize("kind", ["openapi", "asyncapi"])
async def test_a_document_is_served_to_everybody_and_is_whole(kind: str, functions: Functions) -> None:
    answer = await functions.call(documents, "GET", f"/api/v1/{kind}.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "max-age=300"
    document = answer.json()
    assert kind in document
    references = set(re.findall(r'"\$ref":"([^"]+)"', answer.text.replace('"$ref": ', '"$ref":')))
    assert references
    for reference in references:
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
