"""The test people of the local identity provider, and how each provider describes somebody."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_NAME = 50


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """Somebody who does not exist; without an address where they agreed to tell none."""

    key: str
    name: str
    email: str | None


PEOPLE = (
    SamplePerson("minji", "민지", "minji@example.com"),
    SamplePerson("junho", "준호", "junho@example.com"),
    SamplePerson("seoyeon", "서연", None),
)
_BY_KEY = {person.key: person for person in PEOPLE}


def chosen(key: str) -> SamplePerson | None:
    """The test person of a button."""
    return _BY_KEY.get(key)


def named(text: str) -> SamplePerson | None:
    """Somebody by a name that was typed, the same at every time; None where it is no name."""
    name = text.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        return None
    return SamplePerson(f"typed:{name}", name, None)


def _number(provider: str, person: SamplePerson) -> int:
    digest = hashlib.sha256(f"{provider}\n{person.key}".encode()).digest()
    return int.from_bytes(digest[:8]) % 9_000_000_000 + 1_000_000_000


def _google(person: SamplePerson) -> dict[str, Any]:
    told: dict[str, Any] = {"sub": f"1{_number('google', person):020d}", "name": person.name}
    told["given_name"] = person.name
    if person.email:
        told |= {"email": person.email, "email_verified": True}
    return told


def _kakao(person: SamplePerson) -> dict[str, Any]:
    account: dict[str, Any] = {
        "profile_nickname_needs_agreement": False,
        "profile": {"nickname": person.name, "is_default_image": True},
        "has_email": person.email is not None,
        "email_needs_agreement": person.email is None,
    }
    if person.email:
        account |= {"email": person.email, "is_email_valid": True, "is_email_verified": True}
    return {
        "id": _number("kakao", person),
        "connected_at": "2026-01-01T00:00:00Z",
        "properties": {"nickname": person.name},
        "kakao_account": account,
    }


def _naver(person: SamplePerson) -> dict[str, Any]:
    response = {"id": f"local-{_number('naver', person)}", "nickname": person.name}
    if person.email:
        response["email"] = person.email
    return {"resultcode": "00", "message": "success", "response": response}


DESCRIBED: Mapping[str, Callable[[SamplePerson], dict[str, Any]]] = {
    "google": _google,
    "kakao": _kakao,
    "naver": _naver,
}
