"""Ownership is recorded once; the catalogue shows every character."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree

import psycopg

from functions.auth.events import UserRegistered
from functions.character.catalog.func import catalog
from functions.character.catalogue import CHARACTERS
from functions.character.events import CharacterGranted
from functions.character.own.func import own
from functions.character.picture.func import picture
from functions.character.pictures import drawings, reference
from functions.character.welcome.func import welcome
from functions.images.header import read_header
from tests.functions.asgi_client import Functions

ALICE = "6f1c0000-0000-4000-8000-000000000001"
BOB = "6f1c0000-0000-4000-8000-000000000002"
JOB = UUID("550e8400-e29b-41d4-a716-446655440000")
PATH = "/api/v1/character/catalog"


async def test_a_grant_is_recorded_once_however_often_it_comes(
    functions: Functions, postgres_url: str
) -> None:
    registered = UserRegistered(
        user_id=ALICE, provider="local", provider_user_id="a", username="a", at=datetime.now(UTC)
    )
    events = [CharacterGranted(user_id=user, code="char-paepy", job_id=JOB) for user in (ALICE, BOB)] * 5
    answers = await asyncio.gather(*(functions.deliver(own, event) for event in events))
    answers += await asyncio.gather(*(functions.deliver(welcome, registered) for _ in range(2)))
    assert {answer.status_code for answer in answers} == {204}
    async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
        rows = await connection.execute(
            "SELECT user_id::text, character_code, job_id FROM characters.ownerships ORDER BY 1, 2"
        )
        assert await rows.fetchall() == [
            (ALICE, "char-eco", None),
            (ALICE, "char-paepy", JOB),
            (BOB, "char-paepy", JOB),
        ]


async def test_the_catalogue_has_all_thirteen_characters(functions: Functions) -> None:
    answer = await functions.call(catalog, "GET", PATH, user=ALICE)
    entries = answer.json()
    assert len(entries) == 13
    assert {entry["name"]: entry["match"] for entry in entries}["메탈리"] == "금속류"
    for entry in entries:
        assert set(entry) == {"name", "type", "dialog", "match", "code", "image_url"}
        assert entry["name"]
        assert entry["dialog"]


async def test_each_character_has_a_picture_that_is_shown(postgres_url: str) -> None:
    functions = Functions({"ECO2_DATABASE_URL": postgres_url, "ECO2_CDN_URL": "https://cdn.test/public/"})
    for entry in (await functions.call(catalog, "GET", PATH, user=ALICE)).json():
        assert entry["image_url"] == f"https://cdn.test/public/character/{entry['code']}.svg"
        path = f"/api/v1/images/character/{entry['code']}.svg"
        answer = await functions.call(picture, "GET", path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert f'aria-label="{entry["name"]}"' in answer.text
        again = await functions.call(picture, "GET", path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    for unknown in ("char-eco.png", "...", "char-none.svg"):
        answer = await functions.call(picture, "GET", f"/api/v1/images/character/{unknown}")
        assert (answer.status_code, answer.json()["code"]) == (404, "IMAGE_NOT_FOUND")
    await functions.close()


def test_a_picture_is_plain_drawing() -> None:
    for one in CHARACTERS:
        root = ElementTree.fromstring(drawings()[f"{one.code}.svg"].svg)
        names = {each.tag.rpartition("}")[2] for each in root.iter()}
        assert names <= {"svg", "g", "path", "circle", "ellipse", "rect"}
        assert not [name for each in root.iter() for name in each.attrib if "href" in name or name == "style"]
        header = read_header(reference(one))
        assert (header.kind, header.width, header.height) == ("png", 512, 512)


async def test_the_catalogue_needs_a_login(functions: Functions) -> None:
    assert (await functions.call(catalog, "GET", PATH)).status_code == 401
