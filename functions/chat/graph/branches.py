"""The branches that need nothing but our own knowledge: rules of disposal, characters, everything else."""

from __future__ import annotations

import asyncio

from functions.character.catalogue import CHARACTERS
from functions.chat.graph.policies import found
from functions.chat.graph.state import Branch, Found
from functions.scan.classification import VisionResult
from functions.scan.inquiry import ask, look

GREETING = "안녕하세요, 이코예요. 무엇을 버릴지 말해 주거나 사진을 보내 주시면 분리배출 방법을 알려 드릴게요."
ABOUT = (
    "저는 분리배출을 돕는 이코예요. 버릴 물건의 이름을 말해 주시거나 사진을 보내 주세요. "
    "가까운 수거 장소, 재활용품 시세, 대형폐기물 신고, 환경 소식도 물어보실 수 있어요."
)


async def waste_rag(branch: Branch) -> Found:
    """The rule of disposal: hazards first, doubt shown, for the user's region."""
    turn = branch["turn"]
    if seen := turn.get("seen"):
        result = VisionResult.model_validate(seen)
        reply = await asyncio.to_thread(look, result, branch["query"], turn.get("region"))
    else:
        reply = await asyncio.to_thread(ask, branch["query"], turn.get("region"))
    lines = [reply.answer, *(f"{number}. {step}" for number, step in enumerate(reply.steps, 1))]
    if reply.sources:
        lines.append("근거: " + ", ".join(source["title"] for source in reply.sources[:2]))
    return found("waste_rag", "\n".join(lines), outcome=reply.outcome, item=reply.item, middle=reply.middle)


async def character(branch: Branch) -> Found:
    """The characters that the question names or that its material earns; otherwise how one gets any."""
    query = branch["query"]
    seen = (branch["turn"].get("seen") or {}).get("classification", {}).get("middle_category")
    named = [
        one
        for one in CHARACTERS
        if one.name in query or (one.match and one.match in query) or (one.match == seen and seen)
    ]
    if not named:
        names = ", ".join(one.name for one in CHARACTERS)
        text = f"사진을 찍어 바르게 분리배출하면 재질에 맞는 캐릭터를 만날 수 있어요. 친구들은 {names}예요."
        return found("character", text, names=names)
    lines = [
        f"{one.name}: {one.match} 분리배출을 알려 주는 친구예요. “{one.dialog}”"
        if one.match
        else f"{one.name}: 처음부터 함께하는 친구예요. “{one.dialog}”"
        for one in named[:3]
    ]
    return found("character", "\n".join(lines), codes=[one.code for one in named])


async def general(_branch: Branch) -> Found:
    """What the assistant can be asked, where no model words an answer of its own."""
    return found("general", ABOUT)
