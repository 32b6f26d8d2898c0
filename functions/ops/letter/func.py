"""Shows operators one dead letter with its event, where it failed and why."""

from __future__ import annotations

from functions.ops.dead_letters import DeadLetters, UnknownDeadLetter
from functions.ops.letter_views import LetterDetail
from functions.ops.numbers import Number
from functions.runtime import NotFound, http_function


@http_function("GET /api/v1/ops/dead-letters/{number}", operators=True, problems=("DEAD_LETTER_NOT_FOUND",))
async def letter(number: Number, quarantine: DeadLetters) -> LetterDetail:
    """The letter of that number. Raises NotFound."""
    try:
        return LetterDetail.with_event(*await quarantine.show(number))
    except UnknownDeadLetter:
        raise NotFound("DEAD_LETTER_NOT_FOUND", "There is no dead letter of this number.") from None


new = letter.new
