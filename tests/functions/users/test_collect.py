"""Granted characters end in their user's collection once."""

from __future__ import annotations

import asyncio
from uuid import UUID

from functions.character.catalogue import CHARACTERS, DEFAULT
from functions.character.events import CharacterGranted
from functions.users.characters.func import characters
from functions.users.collect.func import collect
from tests.functions.asgi_client import Functions

ALICE = "6f1c0000-0000-4000-8000-000000000001"
BOB = "6f1c0000-0000-4000-8000-000000000002"
JOB = UUID("550e8400-e29b-41d4-a716-446655440000")


def granted(user_id: str, code: str) -> CharacterGranted:
    return CharacterGranted(user_id=user_id, code=code, job_id=JOB)


async def codes(functions: Functions, user: str) -> set[str]:
    answer = await functions.call(characters, "GET", "/api/v1/users/me/characters", user=user)
    found = [owned["code"] for owned in answer.json()]
    assert len(found) == len(set(found))
    return set(found)


async def test_everything_granted_at_once_and_twice_is_collected_once(functions: Functions) -> None:
    events = [granted(user, character.code) for user in (ALICE, BOB) for character in CHARACTERS[:6]]
    answers = await asyncio.gather(*(functions.deliver(collect, event) for event in events * 3))
    assert {answer.status_code for answer in answers} == {204}
    assert await codes(functions, ALICE) == {DEFAULT.code, *(character.code for character in CHARACTERS[:6])}
    assert await codes(functions, BOB) == await codes(functions, ALICE)


async def test_a_collected_character_has_what_the_client_reads(functions: Functions) -> None:
    await functions.deliver(collect, granted(ALICE, "char-metally"))
    answer = await functions.call(characters, "GET", "/api/v1/users/me/characters", user=ALICE)
    owned, default = answer.json()
    assert default["code"] == DEFAULT.code, "also before the event of the registration has come"
    assert set(owned) == {"id", "code", "name", "type", "dialog", "acquired_at"}
    assert (owned["code"], owned["name"]) == ("char-metally", "메탈리")
    assert owned["type"]
    assert owned["dialog"]


async def test_a_character_of_a_newer_release_is_kept_until_it_is_known(functions: Functions) -> None:
    assert (await functions.deliver(collect, granted(ALICE, "char-future"))).status_code == 204
    await functions.deliver(collect, granted(ALICE, "char-paepy"))
    assert await codes(functions, ALICE) == {DEFAULT.code, "char-paepy"}


async def test_a_user_id_that_is_none_spoils_only_its_own_delivery(functions: Functions) -> None:
    good, bad = granted(ALICE, "char-paepy"), granted("nobody", "char-paepy")
    answers = await asyncio.gather(functions.deliver(collect, good), functions.deliver(collect, bad))
    assert [answer.status_code for answer in answers] == [204, 400]
    assert await codes(functions, ALICE) == {DEFAULT.code, "char-paepy"}
