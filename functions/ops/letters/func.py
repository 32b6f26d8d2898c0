"""Lists dead letters for operators, the newest first."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from functions.ops.dead_letters import DeadLetters
from functions.ops.letter_views import LetterRow
from functions.ops.numbers import Number
from functions.runtime import http_function

States = Literal["held", "redriven", "exhausted", "discarded"]


@http_function("GET /api/v1/ops/dead-letters", operators=True)
async def letters(
    quarantine: DeadLetters,
    state: States | None = None,
    before: Number | None = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 50,
) -> list[LetterRow]:
    """At most `limit` letters, those older than the letter `before`."""
    found = await quarantine.list(state=state, before=before, limit=limit)
    return [LetterRow.of(letter) for letter in found]


new = letters.new
