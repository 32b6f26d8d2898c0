"""The reward stage: does this scan earn a character?"""

from __future__ import annotations

from functions.runtime import Resources, event_function
from functions.scan.characters import Characters
from functions.scan.events import Answered, Completed
from functions.scan.stages import Stages


@event_function(on=Answered, emits=Completed, stage="reward", ledger=Stages, timeout=15)
async def reward(event: Answered, characters: Characters, resources: Resources) -> Completed:
    """Decided by code; the grant is exactly once per user and character."""
    earned = None
    if resources.settings.rewards:
        earned = await characters.reward(event)
    return Completed(**dict(event), reward=earned)


new = reward.new
