"""The branches that need nothing but our own knowledge: rules of disposal, characters, everything else."""

from __future__ import annotations

import asyncio
import re

from functions.character.catalogue import CHARACTERS
from functions.chat.graph.knowledge import known
from functions.chat.graph.policies import found
from functions.chat.graph.state import Branch, Found, TurnState
from functions.chat.tools.whereabouts import named, without_place
from functions.scan.classification import VisionResult
from functions.scan.inquiry import Reply, look
from functions.scan.utterance import same_letters

GREETING = (
    "안녕하세요, 이코예요. 무엇을 버릴지 말해 주시거나 사진을 보내 주시면 분리배출 방법을 알려 드릴게요."
)
WELCOME = "도움이 되었다니 기뻐요. 버리기 헷갈리는 것이 생기면 언제든 물어봐 주세요."
GOODBYE = "안녕히 가세요. 분리배출이 헷갈릴 때 또 만나요."
_THANKS = re.compile(r"고마|감사|ㄳ|수고")
_BYE = re.compile(r"잘\s*(가|자|있)|또\s*(올게|봐|만나)|ㅂㅂ|바이|굿\s*나잇|좋은\s*밤")
_ABOUT_ECO = re.compile(
    r"할\s*수\s*있|물어|도와|사용법|쓰는\s*법|기능|누가\s*만들|(너는?|넌|네가|당신은?)\s*(누구|뭐)|이름이"
)
OFF_TOPIC = (
    "그건 제가 도와 드리기 어려워요. 저는 분리배출을 돕는 이코예요. "
    "버릴 물건의 이름이나 사진을 보내 주시면 버리는 방법을 알려 드릴게요."
)
MOST_THINGS = 3
ABOUT = (
    "저는 분리배출을 돕는 이코예요. 버릴 물건의 이름을 말해 주시거나 사진을 보내 주세요. "
    "가까운 수거 장소, 재활용품 시세, 대형폐기물 신고, 환경 소식도 물어보실 수 있어요."
)


async def waste_rag(branch: Branch) -> Found:
    """The rule of disposal: hazards first, doubt shown, for the user's region."""
    turn = branch["turn"]
    if seen := turn.get("seen"):
        result = VisionResult.model_validate(seen)
        replies = [await asyncio.to_thread(look, result, branch["query"], turn.get("region"))]
    else:
        # Each line is about another thing; dangers are told first, then what only sounds like one.
        things = without_place(branch["query"]).split("\n")[:MOST_THINGS]
        here = named(turn["message"]) is not None
        replies = [await asyncio.to_thread(_asked, thing, turn.get("region"), told=here) for thing in things]
        replies.sort(key=lambda reply: (reply.outcome != "hazard", not reply.dangerous))
    first = replies[0]
    asked_again = _goes_on(turn, branch["query"])
    text = "\n\n".join(_told(reply, asked_again=asked_again) for reply in replies)
    return found("waste_rag", text, outcome=first.outcome, item=first.item, middle=first.middle)


def _asked(thing: str, region: str | None, *, told: bool) -> Reply:
    """What is known of a thing; that its region has no way of its own is told only where the region was just named."""
    reply = known(thing, region)
    return reply if region is None or reply.region or told else known(thing)


def _goes_on(turn: TurnState, query: str) -> bool:
    """Whether the query has in it what was asked before: 그거 씻어야 해? after its way was told."""
    said = (same_letters(one["content"]) for one in turn.get("history", []) if one["role"] == "user")
    return any(before and before in query for before in said)


def _told(reply: Reply, *, asked_again: bool = False) -> str:
    if asked_again and reply.decided and not reply.dangerous:
        return reply.answer  # a yes or no about what has just been told, steps and all
    lines = [reply.answer, *(f"{number}. {step}" for number, step in enumerate(reply.steps, 1))]
    if reply.sources:
        lines.append("근거: " + ", ".join(source["title"] for source in reply.sources[:2]))
    return "\n".join(lines)


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


async def general(branch: Branch) -> Found:
    """What the assistant can be asked, where no model words an answer of its own."""
    return found("general", ABOUT if _ABOUT_ECO.search(branch["query"]) else OFF_TOPIC)


def greeting(message: str) -> str:
    """The answer to a greeting, to thanks, and to a goodbye."""
    if _THANKS.search(message):
        return WELCOME
    return GOODBYE if _BYE.search(message) else GREETING
