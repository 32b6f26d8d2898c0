"""The stages of a scan in order, with what the client sees of each."""

from __future__ import annotations

from dataclasses import dataclass

from eventing.catalogue import EventData
from functions.scan.events import Answered, Classified, Completed, RulesMatched, ScanRequested


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the pipeline; `number` counts from 1, `percent` is the progress once it is completed."""

    name: str
    number: int
    percent: int
    emits: type[EventData]
    started: str
    completed: str

    @property
    def first_seq(self) -> int:
        """The sequence number of its `started`; `completed` or `failed` has the next.

        The numbering is fixed, so that a stream that was lost with Redis goes on with the same numbers and
        can be told again from the database.
        """
        return 2 * self.number + 1


QUEUED = Stage("queued", 0, 0, ScanRequested, "사진을 받았어요", "살펴볼 차례가 됐어요")
"""What comes before the stages: it is completed when the first of them begins."""
STAGES = {
    stage.name: stage
    for stage in (
        Stage("vision", 1, 25, Classified, "사진을 살펴보고 있어요", "무엇인지 알아냈어요"),
        Stage("rule", 2, 50, RulesMatched, "분리배출 규정을 찾고 있어요", "규정을 찾았어요"),
        Stage("answer", 3, 75, Answered, "배출 방법을 정리하고 있어요", "배출 방법을 정리했어요"),
        Stage("reward", 4, 100, Completed, "보상을 확인하고 있어요", "보상을 확인했어요"),
    )
}
DONE_SEQ, DONE_MESSAGE = 2 * len(STAGES) + 3, "분석이 끝났어요"
ERROR_SEQ = DONE_SEQ + 1  # a number of its own, so that no client takes an error for what it has seen


def before(stage: Stage) -> Stage | None:
    """The stage that comes before, or None for the first."""
    return next((s for s in STAGES.values() if s.number == stage.number - 1), None)


def after(stage: Stage) -> Stage | None:
    """The stage that follows, or None for the last."""
    return next((s for s in STAGES.values() if s.number == stage.number + 1), None)
