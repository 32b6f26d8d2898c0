"""The reward stage: decides whether this scan earns a character."""

from __future__ import annotations

from functions.images.events import PictureExpected
from functions.runtime import event_function
from functions.scan.events import Answered, Completed
from functions.scan.grants import Grants
from functions.scan.stages import Stages


@event_function(
    on=Answered, emits=Completed, wakes_on=PictureExpected, stage="reward", ledger=Stages, timeout=15
)
async def reward(event: Answered, grants: Grants) -> Completed:
    """Decide by code, never by the model; the grant is exactly once per user and character."""
    return Completed(**dict(event), reward=await grants.reward(event))


new = reward.new
