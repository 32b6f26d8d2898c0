"""Sends a dead letter into the Broker again, when an operator says so."""

from __future__ import annotations

from eventing.errors import PublishFailed
from functions.ops.dead_letters import DeadLetters, UnknownDeadLetter
from functions.ops.numbers import Number
from functions.runtime import NotFound, Resources, Unavailable, http_function


@http_function(
    "POST /api/v1/ops/dead-letters/{number}/replay", operators=True, problems=("DEAD_LETTER_NOT_FOUND",)
)
async def replay(
    number: Number,
    quarantine: DeadLetters,
    resources: Resources,
) -> None:
    """Send it as it was. Raises NotFound, or Unavailable when the Broker does not take it."""
    try:
        await quarantine.replay(resources.publisher().publish, number)
    except UnknownDeadLetter:
        raise NotFound("DEAD_LETTER_NOT_FOUND", "There is no dead letter of this number.") from None
    except PublishFailed:
        raise Unavailable("The Broker did not take the event; nothing was lost.") from None


new = replay.new
