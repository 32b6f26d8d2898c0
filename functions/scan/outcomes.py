"""What became of a scan job, as clients read it: its result, how far it is, a row of the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from functions.scan.events import Reward

MESSAGES = {
    "CANCELLED": "요청을 취소했어요.",
    "DEADLINE_EXCEEDED": "시간 안에 분석을 마치지 못했어요. 잠시 후 다시 시도해 주세요.",
    "MODEL_BUDGET_SPENT": "오늘 이용할 수 있는 분석 횟수를 모두 썼어요. 내일 다시 시도해 주세요.",
    "IMAGE_URL_INVALID": "사진 주소를 사용할 수 없어요. 사진을 다시 올려 주세요.",
    "IMAGE_TOO_LARGE": "사진이 너무 커요. 10MB 이하의 사진을 올려 주세요.",
    "IMAGE_UNREADABLE": "사진을 읽을 수 없어요. 다른 사진을 올려 주세요.",
}
FAILED_MESSAGE = "분석하지 못했어요. 잠시 후 다시 시도해 주세요."


@dataclass(frozen=True, slots=True)
class Result:
    """The body of GET result for a job that has ended; the client's names."""

    task_id: UUID
    status: str
    message: str
    pipeline_result: dict[str, Any] | None = None
    reward: Reward | None = None
    error: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A job on its way: the stage it is in and the percentage reached."""

    stage: str
    percent: int


@dataclass(frozen=True, slots=True)
class StillRunning:
    """The body of GET result for a job on its way."""

    status: Literal["processing"]
    message: str
    current_stage: str
    progress: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """One row of a user's history."""

    job_id: UUID
    status: str
    created_at: datetime
    image_url: str
    outcome: dict[str, Any] | None


def without_result(job_id: str, status: str, code: str) -> Result:
    """The end of a job that failed or was cancelled, with the reason in words for the user."""
    message = MESSAGES.get(code, FAILED_MESSAGE)
    return Result(
        task_id=UUID(job_id), status=status, message=message, error={"code": code, "message": message}
    )
