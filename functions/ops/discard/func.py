"""Marks a dead letter that shall never be sent again, when an operator says so."""

from __future__ import annotations

from functions.ops.dead_letters import DeadLetters
from functions.ops.numbers import Number
from functions.runtime import NotFound, http_function


@http_function(
    "DELETE /api/v1/ops/dead-letters/{number}", operators=True, problems=("DEAD_LETTER_NOT_FOUND",)
)
async def discard(number: Number, quarantine: DeadLetters) -> None:
    """Discard it; it stays readable. Raises NotFound for one that is not there or was discarded before."""
    if not await quarantine.discard(number):
        raise NotFound("DEAD_LETTER_NOT_FOUND", "There is no dead letter of this number to discard.")


new = discard.new
