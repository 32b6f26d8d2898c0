"""Who signs in, and where from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from starlette.requests import Request

MAX_TEXT = 512


@dataclass(frozen=True, slots=True)
class Person:
    """A person as an identity provider describes them."""

    provider: str
    provider_user_id: str
    username: str
    email: str | None = None
    profile_image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """The device that somebody signs in from."""

    ip: str
    user_agent: str
    device_id: str | None = None

    @classmethod
    def of(cls, request: Request, device_id: str | None) -> Self:
        """The device of a request, by the name that its client gave it when it began to sign in.

        The first address of X-Forwarded-For is the one that the edge itself saw; proxies behind it add theirs.
        """
        direct = request.client.host if request.client else ""
        ip = request.headers.get("x-forwarded-for", "").partition(",")[0].strip() or direct
        agent = request.headers.get("user-agent", "")
        named = "".join(character for character in device_id or "" if character.isprintable())
        return cls(ip[:MAX_TEXT], agent[:MAX_TEXT], named[:MAX_TEXT] or None)
