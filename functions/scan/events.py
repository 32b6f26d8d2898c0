"""The events of a scan. Each carries what came before, so that a stage needs nothing but its event."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from eventing.catalogue import EventData
from functions.scan.classification import VisionResult

How = Literal["index", "bm25"]
Finding = Literal["hazard", "named", "asked"]


class ScanRequested(EventData):
    """A user wants to know how to dispose of what is in the picture."""

    type: ClassVar[str] = "eco2.scan.requested"
    in_result: ClassVar[tuple[str, ...]] = ()
    """Fields that a stage adds and the result shows as they are, beside what the client knows."""

    job_id: UUID
    user_id: str
    image_url: str
    user_input: str
    model: str
    region: str | None = None


class Classified(ScanRequested):
    """A picture was classified in our taxonomy."""

    type: ClassVar[str] = "eco2.scan.classified"

    vision: VisionResult


class MatchedRules(BaseModel):
    """Which disposal rule applies: its key, the item it was found by, how it was found and how sure that is.

    `hazards` are ids, the most urgent first; `candidates` the items to choose from where it is only "asked",
    `said` what the user called it; `also` the other items of the same question; `region` is where the user lives,
    `elsewhere` the key of the rule that holds in other regions where it is not the same.
    """

    model_config = ConfigDict(defer_build=True)

    key: str
    item: str | None = None
    score: float
    how: How
    finding: Finding = "named"
    hazards: list[str] = []
    candidates: list[str] = []
    also: list[str] = []
    said: str = ""
    region: str = ""
    elsewhere: str = ""


class RulesMatched(Classified):
    """The disposal rule that applies was found, or that there is none (None)."""

    type: ClassVar[str] = "eco2.scan.rules.matched"

    match: MatchedRules | None


class Answer(BaseModel):
    """The answer to the user: steps 단계1, 단계2, …, what is still to be done, and 이코's words."""

    model_config = ConfigDict(defer_build=True)

    disposal_steps: dict[str, str]
    insufficiencies: list[str]
    user_answer: str


class Answered(RulesMatched):
    """The answer was written: what to do, in steps and in words."""

    type: ClassVar[str] = "eco2.scan.answered"

    answer: Answer
    answered_by: str = ""
    """The model that worded it; empty where none was asked."""

    def models(self) -> dict[str, str]:
        """Which model was asked for and which ones it was in the end: another one may have stood in."""
        return {"asked": self.model, "vision": self.vision.meta.model, "answer": self.answered_by}


class Reward(BaseModel):
    """A character that this scan earned; `received` when it is new to the user."""

    model_config = ConfigDict(defer_build=True)

    name: str
    code: str
    type: str
    dialog: str
    match_reason: str
    received: bool
    already_owned: bool


class Completed(Answered):
    """All stages of a scan are done."""

    type: ClassVar[str] = "eco2.scan.completed"

    reward: Reward | None
