"""What is left of a question without how every question begins and ends."""

from __future__ import annotations

import re
from itertools import pairwise

from functions.scan.utterance import normal, same_letters


def _longest_first(words: str) -> list[str]:
    return sorted(words.split(), key=len, reverse=True)


_BEGINNINGS = _longest_first(
    "이거 이거는 이건 이것 이게 저거 저거는 요거 그거 그거는 이 그 저 혹시 제가 집에 있는 근데 그럼 안녕하세요"
)
_ENDINGS = _longest_first(
    """은 는 을 를 도 이 가 요일 날짜 언제 무슨 어느
    어떻게 어디 어디에 어디다 어케 어떡 분리배출 분리수거 배출 처리 버리 버려 버릴 버림 폐기
    해야 하는 하면 해도 할 하나 하 면 야 지 려면 려고 수 방법 법 곳 데 되 돼 되는 하죠 할까 나 요 죠 건가 거 있 알려 줘
    주세요 까 해 서 이에요 예요 에요 이예요 입니다 인데요 인데 이요"""
)
_FILLERS = re.compile(
    r"(이거(?:는|도)?|이건|이것은?|이게|(?:저|요|그)거(?:는|도)?|이|그|저|혹시|제가|저희|우리|집에|있는|근데|그럼|그리고|안녕하세요|아니|음|저기|질문이요)"
)
_ASKING = re.compile(
    r"(어떻게|어떡|어케|어디|언제|무슨|뭐로|뭘로|버리|버려|버릴|버림|버렸|버릴까|처리|폐기|분리|배출|재활용|해야|하나|하면|하는|되나|되는|될까|돼|되|할까"
    r"|하죠|방법|알려|궁금|가능|맞나|맞아|인가요|넣|내놓|내놔|몇시|수거|종량제|일반|괜찮|해요$|하지)"
)
_MUST = re.compile("[하해되돼될]")  # after 떼야, 씻어야
_ANSWER = re.compile(
    r"음식|음쓰|쓰레기|통째|껍질|다|왜|안|못|그냥|이제|여기|뭐|무엇|뭘|따로|같이|물|상했|썩|남|많|조금|좀"
)
_WHEN = re.compile(  # 언제 내놔요, 무슨 요일에 버려요, 배출 요일 알려 주세요; not 유통기한이 언제인지
    r"며칠(이나)?전(에|까지)?(에)?(신청|신고|예약)|"
    r"(언제|(무슨|어느|몇)요일|며칠날?|몇일|몇시)(에|까지|부터|쯤)?(에|만)?"
    r"(와|오나|오는|온대|버|내놓|내놔|내다|내야|내면|내요|내는|배출|수거|가져|갖다|분리|나가|해야|하나|인가요|이에요|예요|이죠|되나|돼)"
    r"|(배출|수거|내놓는|버리는|가져가는)(하는)?(요일|날짜|날|시간)(이|은|을|는)?(언제|무슨|어떻게|알려|궁금|몇|좀|$)"
)
_COST = re.compile(  # 얼마예요, 수수료가 있나요, 무료로 가져가나요; not 얼마나 씻어야 해요, 돈을 돌려받나요
    r"얼마(?!나|큼)|얼마나(해|하나|들|드|나와|나올|내)|수수료|비용|요금|유료|무료|(?<!나)무상(?!자)|공짜|가지러|방문수거|수거하러|돈(을|이|은)?(내|들|드나|드는|따로)"
)
_REUSE = re.compile(
    r"기부|나눔|중고|재활용센터|팔(수있|면돈|려면|아도되|까요)|(멀쩡|쓸만|새거|깨끗)한데.{0,8}(아까|버리|누구|줄|주|쓸)|남(한테|에게|을)?(줘|줄|주)"
)
_DEPOSIT = re.compile(
    r"보증금|공병값|병값|빈병값|(돈|얼마)(을|를|도)?(주나|줘|돌려|받을수|받나|받아|받는|쳐주)"
)
_WHY = re.compile(r"왜(?!냐면|냐하면|(자꾸|계속|아직)?(안|못)(가져|치워|수거|갖))|이유|까닭")
_WHETHER = re.compile(
    r"^(?!.*(얼마|어디|어떻게|어떡|몇|언제|무슨)).*(나요?|까요?|죠|되[요나]?|돼요?|가능(해요|한가요)?|맞아요)$"
)
_EXCHANGE = re.compile(
    r"교환|(휴지|화장지|건전지|봉투|선물|쿠폰|포인트)(로|으로|를|을)?(주나|줘|준|주는|주죠|바꿔|바꾸|받)|뭐(를|라도)?(주나|줘|주는|주죠)"
)
_FINE = re.compile(r"과태료|벌금|걸리(나|면|는|죠)|불법(인|이)")
_PERMIT = re.compile(
    r"(스티커|딱지|필증)(는|은|를|을|도)?.{0,6}(어디|사(?!이|용|진|라)|파[나는]|팔|구매|구입|필요|붙)"
)
_PHONE = re.compile(r"\+?\d{2,4}[-. )]?\d{3,4}[-. ]?\d{4}\b")  # repeated to nobody
PREDICATE = re.compile(
    r"(요|다|까|죠|데|고|서|면|니|지만|음|됨|함|임|짐|남|야|네|[려뜨]려|[ㄱ-ㅎㅠㅜ])$|^(안|못)$"
)
_PLACE = re.compile(r"..(에|에다|에다가|에도|에는|으로|로)$")
_TAIL = re.compile(
    r"(들)?(은요|는요|은|는|을|를|도요|도|이요|이에요|예요|에요|이야|야|입니다|인데요?|인가요?|이고|하고|랑|이랑|의)?$"
)


def asking(letters: str) -> bool:
    """Whether these letters begin the asking part of a question: 어떻게 버려요, 음식물인가요, 왜 안 되나요."""
    return _ASKING.match(letters) is not None or _ANSWER.match(letters) is not None


def asks_when(text: str) -> bool:
    """Whether it is asked on which day, or when, something is put out."""
    return _WHEN.search(normal(text)) is not None


def asks_cost(text: str) -> bool:
    """Whether it is asked what it costs to throw something away."""
    return _COST.search(normal(text)) is not None


def asks_reuse(text: str) -> bool:
    """Whether it is asked who could still use something."""
    return _REUSE.search(normal(text)) is not None


def asks_deposit(text: str) -> bool:
    """Whether it is asked if money is given back for a bottle."""
    return _DEPOSIT.search(normal(text)) is not None


def asks_whether(text: str) -> bool:
    """Whether it is asked to be answered by yes or no, and not with how much, where or how."""
    return _WHETHER.search(normal(text)) is not None


def asks_exchange(text: str) -> bool:
    """Whether it is asked what is given for things that are brought: 우유팩 가져가면 휴지 주나요."""
    return _EXCHANGE.search(normal(text)) is not None


def asks_fine(text: str) -> bool:
    """Whether it is asked if something is fined: 건전지 종량제에 넣으면 과태료 내나요."""
    return _FINE.search(normal(text)) is not None


def asks_why(text: str) -> bool:
    """Whether the reason is asked: why something is not recycled, or why a part is taken off."""
    return _WHY.search(normal(text)) is not None


def asks_permit(text: str) -> bool:
    """Whether it is asked where the sticker for something bulky is had, or whether it needs one."""
    return _PERMIT.search(normal(text)) is not None


def content(text: str) -> str:
    """The letters that say what a question is about."""
    left = normal(text)
    while start := next((word for word in _BEGINNINGS if left.startswith(word)), ""):
        left = left.removeprefix(start)
    while end := next((word for word in _ENDINGS if left.endswith(word)), ""):
        left = left.removesuffix(end)
    return left


def own_words(text: str, longest: int = 30) -> str:
    """The thing as its owner called it, for asking back: 크록스 신발 of "이 크록스 신발은 어떻게 버려요?"."""
    words = re.findall(r"[·&/()+.-]*\w[\w·&/()+.-]*", _PHONE.sub(" ", same_letters(text)))
    while words and _FILLERS.fullmatch(words[0]):
        words.pop(0)
    taken: list[str] = []
    for word, following in pairwise([*words, ""]):
        if taken and (_ASKING.match(word) or (word.endswith("야") and _MUST.match(following))):
            break
        taken.append(word)
    if not taken or _ASKING.match(taken[0]):
        return ""
    while len(taken) > 1 and _PLACE.search(taken[-1]):  # 냄비 유리병에 넣어도 돼요: where it would go
        taken.pop()
    phrase = " ".join([*taken[:-1], _TAIL.sub("", taken[-1]) or taken[-1]])
    return phrase if len(phrase) <= longest else ""


def noun_phrase(text: str) -> str:
    """The thing as its owner called it where that is a noun with what stands before it: 구멍 난 양말; else nothing."""
    phrase = own_words(text, 16)
    return "" if not phrase or any(PREDICATE.search(word) for word in phrase.split()) else phrase
