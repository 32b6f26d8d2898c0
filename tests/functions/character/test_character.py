"""Ownership is recorded once; the catalogue shows every character."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from functions.auth.events import UserRegistered
from functions.character.catalog.func import catalog
from functions.character.events import CharacterGranted
from functions.character.own.func import own
from functions.character.welcome.func import welcome
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


async def test_the_catalogue_needs_a_login(functions: Functions) -> None:
    assert (await functions.call(catalog, "GET", PATH)).status_code == 401
