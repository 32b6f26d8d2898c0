"""What a message asks for, told by its words: several things at once where it asks for several."""

from __future__ import annotations

import re
from dataclasses import dataclass

from functions.chat.graph.state import Intent
from functions.scan.utterance import same_letters

_PLACE = r"(어디|근처|가까운|주변|위치|장소|매장|가게|찾아|있는 ?곳|어딨|갈 ?만한|가는 ?길|지도)"
_BULKY = r"소파|침대|매트리스|장롱|옷장|책상|식탁|냉장고|세탁기|책장|서랍장|의자|장판|피아노"
_SCRAP = r"고철|폐지|파지|알루미늄|구리|고물|재활용품?|공병|신문지?|골판지|페트병?|캔|종이|플라스틱|유리병"
_PRICE = r"시세|단가|값|가격|얼마|kg당|킬로"
_COLLECTED = r"건전지|배터리|형광등|헌\s*옷|의류|옷|휴대폰|핸드폰|폐의약품|약"
_PATTERNS: tuple[tuple[Intent, str], ...] = (
    (
        "image_generation",
        r"(그려|그림|이미지)\S*\s*(줘|주세요|만들|생성|부탁)|(일러스트|포스터)\S*\s*(만들|그려)|그려\s*(줘|주|봐)",
    ),
    (
        "weather",
        r"날씨|기온|비\s*(가|는)?\s*(오|올|와)|눈\s*(이|은)?\s*(오|올|와)|우산|미세먼지|몇\s*도|더워|추워|강수",
    ),
    ("recyclable_price", rf"({_PRICE})(?!\S*\s*스티커).*({_SCRAP})|({_SCRAP})\S*.*({_PRICE})"),
    (
        "bulk_waste",
        r"대형\s*(폐기물|쓰레기)|스티커|수거\s*(신청|예약|비용|수수료)|배출\s*신고"
        rf"|({_BULKY})\S*.*(버리|버려|수수료|비용|얼마|신청|신고|내놓|처분|처리)",
    ),
    (
        "collection_point",
        r"수거함|의류함|헌옷함|수거\s*장소|수거처|전용함|회수함|폐건전지함|폐의약품함|반납처"
        rf"|({_COLLECTED})\S*.*(어디에?|근처|가까운|주변).*(넣|버리|버려|함|수거|갖다|가져)",
    ),
    (
        "character",
        r"캐릭터|이코(가|는|랑|를|의|\s|$)|페이피|팩토리|페티|메탈리|글래시|코튼|플리|일렉|배리|라이티|폼이"
        r"|비니(가|는|를|\s)|도감",
    ),
    ("news", r"뉴스|기사|소식|보도"),
    ("web_search", r"최신|요즘|최근|올해|정책|규제|법이?\s*바뀌|개정|시행|검색|찾아\s*봐"),
    (
        "location",
        r"제로\s*웨이스트|리필|재활용\s*(센터|정거장|가게|샵)|자원\s*순환|업사이클|센터"
        rf"|{_PLACE}.*(매장|가게|센터|샵|샾|카페|서점|정거장|수리)",
    ),
)
_COMPILED = tuple((intent, re.compile(pattern)) for intent, pattern in _PATTERNS)
_GREETING = re.compile(
    r"^\W*(안녕|하이|헬로|hi\b|hello|반가|고마|감사|잘\s*(가|자|있)|굿\s*(모닝|나잇)|뭐\s*해|ㅎㅇ|ㄳ)"
    r"\S*[\s\W]*\S{0,8}[\s\W]*$",
    re.I,
)
_WASTE = re.compile(
    r"버리|버려|버릴|버림|버렸|분리|배출|재활용|종량제|쓰레기|폐기|처리|처분|씻어|헹궈|떼어|떼야|라벨|뚜껑"
    r"|음식물|수거|내놓|넣어|넣나"
)
_PARTS = re.compile(
    r"[?!.\n]+|,\s*|\s*(?:그리고|그런데|근데|또는|또|아울러|하고\s+또)\s+"
    r"|(?<=[가-힣]고)\s+|(?<=[가-힣]고,)\s*|(?<=줘)\s+|(?<=요)\s+"
)
_FOLLOW_UP = re.compile(
    r"^\W*(그(거|건|럼|러면|걸|게|것)|이(거|건|걸|게)|저(거|건|걸)|그\s|이\s|아까|방금|거기|여기)"
)


@dataclass(frozen=True, slots=True)
class IntentDecision:
    """What is asked for: intents in the order of the message, the part of it that each is about, how sure that is."""

    intents: tuple[Intent, ...]
    queries: dict[str, str]
    confidence: float


def decide(message: str, history: list[dict[str, str]], *, picture: bool = False) -> IntentDecision:
    """The intents of a message by rules; a message that only points back is about what was said before."""
    text = same_letters(message)
    if _GREETING.match(text) and not picture:
        return IntentDecision(("greeting",), {}, 0.95)
    queries: dict[str, str] = {}
    for part in [one.strip() for one in _PARTS.split(text) if one and one.strip()] or [text]:
        for intent in _of(part):
            queries[intent] = f"{queries[intent]} {part}" if intent in queries else part
    if picture and not queries.keys() & {"image_generation", "character"}:
        queries = {"waste": text, **queries}
    before = next((one["content"] for one in reversed(history) if one["role"] == "user"), "")
    if before and (_FOLLOW_UP.match(text) or not queries):
        earlier = decide(before, [])
        if not queries:
            queries = {
                intent: f"{before} {text}"
                for intent in earlier.intents
                if intent not in ("general", "greeting")
            }
        elif "waste" in queries or "bulk_waste" in queries:
            queries = {intent: f"{before} {query}" for intent, query in queries.items()}
    if not queries:
        return IntentDecision(("general",), {"general": text}, 0.5)
    intents: tuple[Intent, ...] = tuple(queries)  # type: ignore[arg-type]
    return IntentDecision(intents, queries, 0.9)


_INSTEAD = {"bulk_waste", "collection_point", "recyclable_price"}
_INSTEAD |= {"news", "web_search", "image_generation", "location"}


def _of(part: str) -> list[Intent]:
    found = [intent for intent, pattern in _COMPILED if pattern.search(part)]
    if "news" in found and "web_search" in found:
        found.remove("web_search")
    if "collection_point" in found and "location" in found:
        found.remove("location")
    asked = _WASTE.search(part) is not None and not set(found) & {
        "bulk_waste",
        "collection_point",
        "recyclable_price",
    }
    if asked and not (set(found) & {"news", "web_search", "image_generation", "location"}):
        found.insert(0, "waste")
    if not found and _names_a_thing(part):
        found.append("waste")
    return found


def _names_a_thing(part: str) -> bool:
    from functions.scan.inquiry import ask

    return ask(part).outcome in ("named", "hazard")
