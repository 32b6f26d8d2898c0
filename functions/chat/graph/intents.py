"""What a message asks for, told by its words: several things at once where it asks for several."""

from __future__ import annotations

import re
from dataclasses import dataclass

from functions.chat.graph.knowledge import known
from functions.chat.graph.state import Intent
from functions.scan.inquiry import asks_whether
from functions.scan.utterance import same_letters

_NAMES = r"이코|페이피|팩토리|페티|메탈리|글래시|코튼|플리|일렉|배리|라이티|폼이"
_SHOP = r"가게|매장|샵|샾|숍|스토어|스테이션|정거장|센터|회수기|네프론|공방|서점|책방|카페|식당|수리점"
_SEEK = r"어디|근처|가까운|주변|위치|찾아|추천|알려|쪽에|갈\s?만|있어|있나|있을|있는"
_BULKY = (
    r"소파|침대|매트리스|장롱|옷장|책상|식탁|냉장고|세탁기|책장|서랍장|의자|장판|피아노|화장대|거울|자전거"
)
_SCRAP = (
    r"고철|폐지|파지|알루미늄|구리|고물|재활용품?|공병|빈\s?병|병|신문지?|헌책|골판지|박스|페트병?|캔|종이"
    r"|플라스틱|유리"
)
_PRICE = r"시세|단가|값|가격|얼마|kg당|킬로"
_COLLECTED = r"건전지|배터리|형광등|헌\s*옷|의류|옷|휴대폰|핸드폰|폐의약품|약"
_RECENT = r"최신|최근|요즘|요새|올해|새로"
_RULES = r"정책|규제|제도|법이|법\s|보증금|과태료|개정|시행|기준|포인트"
_GREEN = r"분리|재활용|쓰레기|환경|일회용|플라스틱|탄소|폐기|폐배터리|종량제|페트|수거|배출|종이팩|자원"
_PATTERNS: tuple[tuple[Intent, str], ...] = (
    (
        "image_generation",
        r"그려\s*(줘|주|봐|줄|달)|(그림|이미지|일러스트|포스터|삽화).*(그려|만들|생성|부탁|그림으로|보여)",
    ),
    (
        "weather",
        r"날씨|기온|비\s*(가|는|도)?\s*(오|올|와|온|내)|눈\s*(이|은|도)?\s*(오|올|와|온|내)|우산\s*(챙|가져|필요)"
        r"|미세먼지|몇\s*도|더워|더운|추워|추운|강수",
    ),
    (
        "recyclable_price",
        rf"({_PRICE})(?!\S*\s*스티커).*({_SCRAP})|({_SCRAP})\S*.*({_PRICE})|팔면|팔\s*수|돈\s*(이\s*)?(돼|되)|쳐\s*(줘|주)",
    ),
    (
        "bulk_waste",
        r"대형\s*(폐기물|쓰레기)|스티커\s*(얼마|값|어디|사|붙)|수거\s*(신청|예약|비용|수수료)|배출\s*신고"
        rf"|({_BULKY})\S*.*(버리|버려|수수료|비용|얼마|신청|신고|내놓|처분|처리|스티커)",
    ),
    (
        "collection_point",
        r"(?<!분리)수거함|의류함|헌옷함|수거\s*장소|수거처|전용함|회수함|폐건전지함|폐의약품함|반납처"
        r"|(수거하는|버리는|넣는)\s*곳"
        rf"|({_COLLECTED})\S*.*(어디에?|근처|가까운|주변).*(넣|버리|버려|함|수거|갖다|가져)",
    ),
    ("character", rf"캐릭터|도감|({_NAMES})|비니(가|는|를|랑|\s)"),
    ("news", r"뉴스|기사|소식|보도"),
    (
        "web_search",
        rf"({_RECENT}).*({_GREEN})|({_GREEN}).*({_RECENT})|({_GREEN}).*({_RULES})|({_RULES}).*({_GREEN})|검색",
    ),
    (
        "location",
        rf"제로\s*웨이스트|리필|업사이클|새활용|자원\s*순환|재활용\s*({_SHOP})|({_SHOP}).*({_SEEK})|({_SEEK}).*({_SHOP})",
    ),
)
_COMPILED = tuple((intent, re.compile(pattern)) for intent, pattern in _PATTERNS)
_GREETING = re.compile(
    r"^\W*((안녕|하이|헬로|hi\b|hello|반가|고마|감사|잘\s*(가|자|있)|굿\s*(모닝|나잇)|좋은\s*(아침|밤|하루|저녁)|수고"
    r"|또\s*(올게|봐|만나)|뭐\s*해|ㅎㅇ|ㄳ|ㅂㅂ|바이)\S*[\s\W]*){1,3}\S{0,6}[\s\W]*$",
    re.I,
)
_OPENING = re.compile(r"^\W*(안녕|하이\b|헬로|hi\b|hello|반가|고마|감사|수고|ㅎㅇ|ㄳ)", re.I)
"""A greeting or thanks before something that asks for nothing: 안녕! 넌 누구야?"""
_WASTE = re.compile(
    r"버리|버려|버릴|버림|버렸|분리|배출|재활용|종량제|쓰레기|폐기|처리|처분|씻어|헹궈|(?<![가-힣])떼|라벨|뚜껑"
    r"|음식물|수거|내놓|넣어|넣나|종이류|비닐류|캔류|고철류|플라스틱류|어느\s*통"
)
_PARTS = re.compile(
    r"[?!.\n]+|,\s*|\s*(?:그리고|그런데|근데|또는|또|아울러|하고\s+또)\s+"
    r"|(?<=[가-힣]고)(?<!창고)(?<!금고)(?<!광고)\s+|(?<=[가-힣]고,)\s*|(?<=줘)\s+|(?<=요)\s+"
    r"|(?<=[가-힣])(?<!뚜껑)(?<!뚜껑이)(?:이랑|랑|하고)\s+(?!뚜껑)"  # a bottle and its cap are told together
)
_FOLLOW_UP = re.compile(
    r"^\W*(그(거|건|럼|러면|걸|게|것)|이(거|건|걸|게)|저(거|건|걸)|그\s|이\s|아까|방금|거기|여기|다른\s*(곳|데|가게|매장|장소)|또\s*(있|없))"
)
_ELLIPSIS = re.compile(
    r"^\W*(그럼|그러면|그리고|또)?\s*(?!.*(버리|버려|배출|방법|어떻게|어디))(\S{1,10}\s+){0,2}?\S{1,10}\s*(은|는|도)(요)?\s*(어때\S*)?\s*\?*$"
)
"""A question that names another thing and leaves out what is asked of it: 그럼 구리는? 침대 매트리스는요?"""
_TROUBLE = re.compile(r"묻었|묻은|지워|종이야|종이예요|플라스틱이야|비닐이야|재질|어떡|어떻게|깨졌|터졌|부풀")
_NO_WASTE = re.compile(r"뭐야|뭐예요|뭐지|누구|무슨\s*뜻|영어|먹을|먹지|만들|맛있|영화|노래")


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
    queries = _queries(text)
    if picture and not queries.keys() & {"image_generation", "character"}:
        queries = {"waste": text, **queries}
    before = _before(history)
    if before and not picture:
        queries = _pointing_back(text, before, queries)
    if not queries:
        if _OPENING.match(text):
            return IntentDecision(("greeting",), {}, 0.9)
        return IntentDecision(("general",), {"general": text}, 0.5)
    intents: tuple[Intent, ...] = tuple(queries)  # type: ignore[arg-type]
    return IntentDecision(intents, queries, 0.9)


def _before(history: list[dict[str, str]]) -> str:
    """What the user said last; where that only points back, with what it points to."""
    said = ""
    for one in reversed(history):
        if one["role"] == "user":
            said = f"{one['content']} {said}".strip()
            if not _FOLLOW_UP.match(one["content"]):
                break
    return said


def _queries(text: str) -> dict[str, str]:
    queries: dict[str, str] = {}
    earlier = ""
    for part in _parts(text) or [text]:
        for intent in _of(part):
            # 캔은 어떻게 버려요? 팔면 얼마예요? - what is sold was said before.
            whole = part if _names_a_thing(part) or not earlier else f"{earlier} {part}"
            said = whole if intent in _ABOUT_THINGS else part
            if (
                intent == "waste"
                and queries
                and not queries.keys() & _ABOUT_THINGS
                and known(said).outcome in ("unknown", "asked")
            ):
                continue  # 비 와? 오늘 내놔도 돼? - nothing is named that could be looked up
            # Another thing is a line of its own.
            between = "\n" if intent == "waste" and _names_a_thing(part) else " "
            queries[intent] = f"{queries[intent]}{between}{part}" if intent in queries else said
        if set(queries) & _ABOUT_THINGS or _names_a_thing(part):
            earlier = part
    return queries


def _parts(text: str) -> list[str]:
    """What is asked for one after the other."""
    parts, start = [], 0
    for found in _PARTS.finditer(text):
        if found[0].isspace() and _is_no_verb(text[start : found.start()].rpartition(" ")[2]):
            continue
        parts.append(text[start : found.start()])
        start = found.end()
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]


def _pointing_back(text: str, before: str, queries: dict[str, str]) -> dict[str, str]:
    """The queries of a message after another one: what it leaves out is what was said there."""
    points = _FOLLOW_UP.match(text) is not None
    earlier = [intent for intent in decide(before, []).intents if intent not in ("general", "greeting")]
    if not queries or (_ELLIPSIS.match(text) and set(queries) <= {"waste"}):
        if not earlier or not (points or _ELLIPSIS.match(text) or len(text) <= SHORT):
            return queries
        # The newer words come first, where one thing is meant instead of another; a part of a thing comes behind it.
        return {intent: f"{before} {text}" if intent == "waste" else f"{text} {before}" for intent in earlier}
    if points and queries.keys() & _ABOUT_THINGS:
        return {intent: f"{before} {query}" for intent, query in queries.items()}
    return queries


SHORT = 20
_ABOUT_THINGS = {"waste", "bulk_waste", "recyclable_price", "collection_point"}
_INSTEAD = {"bulk_waste", "collection_point", "recyclable_price", "news", "web_search", "location"}
"""Intents of a part in which a word about throwing away is said of them."""


def _of(part: str) -> list[Intent]:
    found = [intent for intent, pattern in _COMPILED if pattern.search(part)]
    if "image_generation" in found:
        return ["image_generation"]
    if "web_search" in found and len(found) > 1:
        found.remove("web_search")
    if "collection_point" in found and asks_whether(part):  # 수거함에 넣어도 돼? asks not where one is
        found[found.index("collection_point")] = "waste"
    if "collection_point" in found and "location" in found:
        found.remove("location")
    if "bulk_waste" in found and "recyclable_price" in found:
        found.remove("recyclable_price")
    if "waste" in found:
        return found
    if (_WASTE.search(part) and not set(found) & _INSTEAD) or (not found and _is_about_a_thing(part)):
        found.insert(0, "waste")
    return found


def _is_about_a_thing(part: str) -> bool:
    return _names_a_thing(part) or (_TROUBLE.search(part) is not None and known(part).outcome != "unknown")


def _is_no_verb(word: str) -> bool:
    """Whether a word that ends like a verb is the name of a thing: 담요 and 냉장고, but not 종이고."""
    return _names_a_thing(word) and not _names_a_thing(word[:-1])


def _names_a_thing(part: str) -> bool:
    reply = known(part)
    if reply.dangerous:
        return True
    if reply.outcome != "named" or _NO_WASTE.search(part):
        return False
    return bool(_WASTE.search(part)) or len(part) - len(reply.item or "") <= REST


REST = 8
"""Letters around the name of a thing that is the whole question."""
