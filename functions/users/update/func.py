"""Changes the caller's nickname or phone number."""

from __future__ import annotations

from pydantic import BaseModel, Field, field_validator

from functions.runtime import Unprocessable, User, http_function
from functions.runtime.text import named
from functions.users.accounts import Account, Accounts
from functions.users.phone import normalised


class Changes(BaseModel):
    """Changes of an account; what is absent or null stays."""

    nickname: str | None = Field(None, max_length=120)
    phone_number: str | None = Field(None, max_length=100)

    @field_validator("nickname")
    @classmethod
    def readable(cls, nickname: str | None) -> str | None:
        """The nickname as others will see it."""
        return None if nickname is None else named(nickname)


@http_function(
    "PATCH /api/v1/users/me",
    max_body=4_096,
    rate_limit="30/60",
    problems=("NO_CHANGES_PROVIDED", "INVALID_PHONE_NUMBER", "PHONE_NUMBER_TAKEN", "TOO_MANY_PHONE_NUMBERS"),
)
async def update(body: Changes, user: User, accounts: Accounts) -> Account:
    """Change the caller's account and return it. Raises Unprocessable or Conflict."""
    if body.nickname is None and body.phone_number is None:
        raise Unprocessable("NO_CHANGES_PROVIDED", "Give a nickname or a phone_number to change.")
    phone = None if body.phone_number is None else normalised(body.phone_number)
    return await accounts.change(user, body.nickname, phone)


new = update.new
