"""What the user is told while a turn is worked on, and how far it is then."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChatStage:
    """A stage in words for each status; `begins` and `ends` are the percentages reached then."""

    started: str
    completed: str
    failed: str
    begins: int
    ends: int

    def words(self, status: str) -> str:
        """What is told: of a status that is no beginning and no end, that the stage is worked on."""
        return {"completed": self.completed, "failed": self.failed}.get(status, self.started)


def _branch(started: str, completed: str, failed: str) -> ChatStage:
    return ChatStage(started, completed, failed, 30, 60)


STAGES = {
    "queued": ChatStage("질문을 받았어요", "질문을 받았어요", "질문을 받지 못했어요", 0, 0),
    "intent": ChatStage(
        "질문을 이해하고 있어요", "무엇을 찾을지 정했어요", "질문을 이해하지 못했어요", 5, 15
    ),
    "vision": ChatStage(
        "사진을 살펴보고 있어요",
        "사진에서 무엇인지 알아봤어요",
        "사진에서 무엇인지 알아보지 못했어요",
        15,
        25,
    ),
    "router": ChatStage(
        "필요한 정보를 나누고 있어요", "필요한 정보를 나눴어요", "필요한 정보를 나누지 못했어요", 25, 30
    ),
    "waste_rag": _branch(
        "분리배출 규정을 찾고 있어요", "분리배출 규정을 찾았어요", "분리배출 규정을 찾지 못했어요"
    ),
    "character": _branch("캐릭터를 찾고 있어요", "캐릭터를 찾았어요", "캐릭터를 찾지 못했어요"),
    "location": _branch("가까운 곳을 찾고 있어요", "가까운 곳을 찾았어요", "가까운 곳을 찾지 못했어요"),
    "weather": _branch("날씨를 확인하고 있어요", "날씨를 확인했어요", "날씨를 확인하지 못했어요"),
    "bulk_waste": _branch(
        "대형폐기물 정보를 찾고 있어요", "대형폐기물 정보를 찾았어요", "대형폐기물 정보를 찾지 못했어요"
    ),
    "recyclable_price": _branch(
        "재활용품 시세를 확인하고 있어요", "재활용품 시세를 확인했어요", "재활용품 시세를 확인하지 못했어요"
    ),
    "collection_point": _branch(
        "수거함 위치를 찾고 있어요", "수거함 위치를 찾았어요", "수거함 위치를 찾지 못했어요"
    ),
    "web_search": _branch("웹에서 찾고 있어요", "웹에서 찾았어요", "웹에서 찾지 못했어요"),
    "news": _branch("환경 소식을 찾고 있어요", "환경 소식을 찾았어요", "환경 소식을 찾지 못했어요"),
    "image_generation": _branch("그림을 그리고 있어요", "그림을 다 그렸어요", "그림을 그리지 못했어요"),
    "general": _branch("생각을 정리하고 있어요", "생각을 정리했어요", "생각을 정리하지 못했어요"),
    "aggregator": ChatStage("찾은 정보를 모으고 있어요", "정보를 모았어요", "정보를 모으지 못했어요", 60, 70),
    "summarize": ChatStage(
        "지난 대화를 정리하고 있어요", "지난 대화를 정리했어요", "지난 대화를 정리하지 못했어요", 70, 75
    ),
    "answer": ChatStage("답변을 쓰고 있어요", "답변을 다 썼어요", "답변을 쓰지 못했어요", 75, 95),
}
"""The stages of a turn by name (contract of the event stream)."""

ENDS = {
    "CANCELLED": "요청을 취소했어요.",
    "DEADLINE_EXCEEDED": "시간 안에 답하지 못했어요. 잠시 후 다시 물어봐 주세요.",
}
BROKEN_OFF = "\n\n(답변이 중간에 끊겼어요. 다시 물어봐 주세요.)"
"""Put behind the part of an answer that was told before its writer failed."""
FAILED = "답변하지 못했어요. 잠시 후 다시 물어봐 주세요."


def ended(code: str) -> str:
    """Why a turn has no answer, in words."""
    return ENDS.get(code, FAILED)
