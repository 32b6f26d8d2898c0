"""Changing one's account."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Any

import psycopg
import pytest

from embedded.servers.postgres import Postgres
from functions.character.catalogue import CHARACTERS
from functions.users.me.func import me
from functions.users.ownership.func import ownership
from functions.users.phone import normalised
from functions.users.update.func import update
from tests.functions.asgi_client import Functions

ALICE = "6f1c0000-0000-4000-8000-000000000001"
BOB = "6f1c0000-0000-4000-8000-000000000002"
PATH = "/api/v1/users/me"


async def change(functions: Functions, user: str | None = ALICE, **changes: Any) -> Any:
    return await functions.call(update, "PATCH", PATH, user=user, json=changes)


async def test_what_is_given_changes_and_the_rest_stays(functions: Functions) -> None:
    first = (await change(functions, nickname="  숲지기 ♻️ ")).json()
    assert (first["nickname"], first["display_name"], first["phone_number"]) == ("숲지기 ♻️", "숲지기 ♻️", None)
    second = (await change(functions, phone_number="01012345678")).json()
    assert (second["nickname"], second["phone_number"]) == ("숲지기 ♻️", "010-1234-5678")
    assert (await functions.call(me, "GET", PATH, user=ALICE)).json() == second
    assert (await functions.call(me, "GET", PATH, user=BOB)).json()["phone_number"] is None


async def test_a_phone_number_belongs_to_one_account(functions: Functions) -> None:
    assert (await change(functions, phone_number="010-1234-5678")).status_code == 200
    assert (await change(functions, phone_number="+82 10 1234 5678")).status_code == 200
    taken = await change(functions, BOB, phone_number="01012345678")
    assert (taken.status_code, taken.json()["code"]) == (409, "PHONE_NUMBER_TAKEN")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "NO_CHANGES_PROVIDED"),
        ({"nickname": None, "phone_number": None}, "NO_CHANGES_PROVIDED"),
        ({"color": "green"}, "NO_CHANGES_PROVIDED"),
        ({"nickname": ""}, "VALIDATION_FAILED"),
        ({"nickname": "   "}, "VALIDATION_FAILED"),
        ({"nickname": "x" * 121}, "VALIDATION_FAILED"),
        ({"nickname": "a\0b"}, "VALIDATION_FAILED"),
        ({"nickname": "\u3164"}, "VALIDATION_FAILED"),
        ({"nickname": "\u202e관리자"}, "VALIDATION_FAILED"),
        ({"nickname": 7}, "VALIDATION_FAILED"),
        ({"phone_number": "02-123-4567"}, "INVALID_PHONE_NUMBER"),
    ],
)
async def test_what_is_no_change_is_422(functions: Functions, changes: dict[str, Any], code: str) -> None:
    answer = await change(functions, **changes)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_nickname_is_stored_composed_whoever_typed_it(functions: Functions) -> None:
    told = await change(functions, nickname=unicodedata.normalize("NFD", "홍길동"))
    assert told.json()["nickname"] == "홍길동"
    assert len(told.json()["nickname"]) == 3


async def test_who_has_which_number_can_not_be_asked_without_end(
    functions: Functions, postgres_url: str
) -> None:
    assert (await change(functions, phone_number="010-9876-5432")).status_code == 200
    for _ in range(10):
        assert (await change(functions, BOB, phone_number="010-9876-5432")).status_code == 409
    for number in ("010-9876-5432", "010-1111-2222"):
        told = await change(functions, BOB, phone_number=number)
        assert (told.status_code, told.json()["code"]) == (429, "TOO_MANY_PHONE_NUMBERS")
        assert told.headers["retry-after"] == "86400"
    assert (await change(functions, BOB, nickname="다른 이름")).status_code == 200
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE users.phone_refusals SET began_at = now() - interval '2 days'")
    assert (await change(functions, BOB, phone_number="010-9876-5432")).status_code == 409
    assert (await change(functions, BOB, phone_number="010-1111-2222")).status_code == 200


async def test_numbers_that_are_tried_at_once_are_counted(functions: Functions) -> None:
    taken, free = "010-9876-5432", "010-1111-2222"
    assert (await change(functions, phone_number=taken)).status_code == 200
    assert (await change(functions, BOB, nickname="밥")).status_code == 200
    answers = await asyncio.gather(*(change(functions, BOB, phone_number=taken) for _ in range(30)))
    assert sorted(answer.status_code for answer in answers) == [409] * 10 + [429] * 20
    assert (await change(functions, BOB, phone_number=free)).status_code == 429


async def test_of_two_who_take_one_number_at_once_one_has_it(functions: Functions) -> None:
    for number in ("010-9876-0001", "010-9876-0002", "010-9876-0003"):
        answers = await asyncio.gather(
            *(change(functions, user, phone_number=number) for user in (ALICE, BOB))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_taken_number_is_in_no_log(functions: Functions, postgres: Postgres) -> None:
    assert (await change(functions, phone_number="010-9876-5432")).status_code == 200
    assert (await change(functions, BOB, phone_number="010-9876-5432")).status_code == 409
    with psycopg.connect((await functions.resources.database())._url) as connection:
        broken = "UPDATE users.accounts SET phone_number = '010-' || '9876' || '-5432'"
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(broken.encode())
    log = (postgres.data.parent / "postgres.log").read_text()
    assert "accounts_phone_number_key" in log
    assert "9876-5432" not in log


async def test_changing_needs_a_login(functions: Functions) -> None:
    assert (await change(functions, None, nickname="a")).status_code == 401


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("01012345678", "010-1234-5678"),
        ("010-1234-5678", "010-1234-5678"),
        ("010.1234.5678", "010-1234-5678"),
        ("+82 10-1234-5678", "010-1234-5678"),
        ("+82 (0)10-1234-5678", "010-1234-5678"),
        ("821012345678", "010-1234-5678"),
        ("0111234567", "011-123-4567"),
        ("+82 16 123 4567", "016-123-4567"),
        ("０１０－１２３４－５６７８", "010-1234-5678"),
        ("010–1234—5678", "010-1234-5678"),
        ("\u2068+82\u00a010\u200b1234\ufeff5678\u2069", "010-1234-5678"),
        ("  010 1234 5678" + " " * 20, "010-1234-5678"),
    ],
)
def test_numbers_are_stored_in_one_form(text: str, stored: str) -> None:
    assert normalised(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "010",
        "0101234567x",
        "0212345678",
        "010123456789",
        "+1 5551234567",
        "0101234567",
        "01112345678",
        "0121234567",
        "٠١٠١٢٣٤٥٦٧٨",
        "①⓪①12345678",
        "010-1234-567²",
    ],
)
def test_what_is_no_mobile_number_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="INVALID_PHONE_NUMBER"):
        normalised(text)


@pytest.mark.parametrize(
    ("name", "owned"),
    [("이코", True), ("메탈리", False), ("없는친구", False), ("\u110b\u1175\u110f\u1169", True)],
)
async def test_ownership_is_told_by_name(functions: Functions, name: str, owned: bool) -> None:
    assert "이코" in {character.name for character in CHARACTERS}
    answer = await functions.call(ownership, "GET", f"{PATH}/characters/{name}/ownership", user=ALICE)
    assert answer.json() == {"character_name": unicodedata.normalize("NFC", name), "owned": owned}
