"""The vision stage: finds what the picture shows."""

from __future__ import annotations

from functions.images.events import PictureExpected
from functions.runtime import event_function
from functions.scan.events import Classified, ScanRequested
from functions.scan.stages import Stages
from functions.scan.vision_model import VisionModel


@event_function(
    on=ScanRequested,
    emits=Classified,
    wakes_on=PictureExpected,
    stage="vision",
    ledger=Stages,
    timeout=45,
    in_flight=400,
)
async def vision(event: ScanRequested, model: VisionModel) -> Classified:
    """Fetch the picture, ask the model, keep only what our taxonomy knows."""
    return Classified(**dict(event), vision=await model.classify(event))


new = vision.new
