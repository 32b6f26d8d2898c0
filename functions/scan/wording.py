"""How 이코 says where a thing goes: one way of speaking for each kind of disposal, with fitting particles."""

from __future__ import annotations

import re
from collections.abc import Sequence

from functions.scan.korean import with_particle
from functions.scan.rules import Rule
from functions.scan.taxonomy import taxonomy
from functions.scan.utterance import normal

SENTENCES = re.compile(r"(?<=[.!?])\s+")  # between which a text is cut
_WAYS = {  # by middle, or by major where the major has no middles
    "종이": "종이류로 나눠 주세요",
    "종이팩": "종이팩 수거함에 따로 넣어 주세요",
    "무색페트병": "라벨을 떼고 찌그러뜨려 뚜껑을 닫은 뒤 투명 페트병으로 따로 나눠 주세요",
    "플라스틱류": "플라스틱류로 나눠 주세요",
    "비닐류": "비닐류로 모아 나눠 주세요",
    "발포합성수지": "스티로폼으로 나눠 주세요",
    "유리병": "유리병으로 나눠 주세요",
    "금속류": "금속류(캔·고철)로 나눠 주세요",
    "의류및원단": "의류수거함에 넣어 주세요",
    "전지": "폐건전지함에 넣어 주세요",
    "조명제품": "폐형광등 같은 조명제품 수거함에 넣어 주세요",
    "전기전자제품": "전기·전자제품으로 따로 내놓아 주세요",
    "일반종량제폐기물": "종량제봉투에 버려 주세요",
    "불연성종량제폐기물": "불연성 쓰레기로 따로 담아 버려 주세요",
    "음식물류폐기물": "음식물 쓰레기로 버려 주세요",
    "대형폐기물": "대형폐기물로 신고해 주세요",
    "공사장생활폐기물": "공사장 생활폐기물로 신고해 주세요",
    "생활계유해폐기물": "유해폐기물로 따로 내놓아 주세요",
}


AGAIN = {  # by middle: how a note says the place that the first sentence has said
    middle: re.compile(rf"(?:(?P<how>.*) )?(?:{ending})")
    for middle, ending in {
        "종이": "종이류로 (?:내놓|모)아요",
        "플라스틱류": "플라스틱류로 (?:내놓아|나눠|모아)요",
        "비닐류": "비닐류로 (?:내놓|모)아요",
        "유리병": "유리병으로 내놓아요",
        "금속류": "(?:고철|캔류)로 (?:내놓|모)아요",
        "의류및원단": "의류수거함에 넣어요",
        "전지": "폐건전지함에 (?:넣어|모아)요",
        "전기전자제품": "소형 가전(?:으로| 수거함에) (?:내놓아|넣어)요",
        "일반종량제폐기물": "종량제봉투에 버려요",
        "불연성종량제폐기물": "불연성 (?:폐기물용 )?마대에 (?:담아|버려)요",
        "음식물류폐기물": "음식물로 내놓아요",
        "대형폐기물": "대형폐기물로 신고해요",
    }.items()
}
_HOW = re.compile(  # what to do first, or which of them are meant, and no other case
    r"(?!.*(?:[은는](?! (?:뒤|것만|얇은))|면|거나) )(?!.*[가-힣],)(?:.*"
    r"(?:뒤|고|서|담아|싸|묶어|잘라|접어|붙여|막아|감아|감싸|말려|빼|털어|헹궈|닦아|닫아|떼어|흡수시켜|없게|않게|함께|그대로|것만)"
    r")"
)

_DAYS = {  # by middle; when what it is for is put out
    "대형폐기물": "내놓는 날은 지자체에 신고할 때 정해요",
    "공사장생활폐기물": "내놓는 날은 지자체에 신고할 때 정해요",
    "전기전자제품": "무상 방문 수거는 신청할 때 날짜를 정하고, 소형 가전 수거함에는 요일과 상관없이 넣을 수 있어요",
    "의류및원단": "의류수거함에는 요일과 상관없이 넣을 수 있어요",
    "전지": "폐건전지함에는 요일과 상관없이 넣을 수 있어요",
    "조명제품": "수거함에는 요일과 상관없이 넣을 수 있어요",
}
_ITS_DAY = (
    "내놓는 요일과 시간은 사는 곳마다 다르니, 아파트는 관리사무소에, 주택은 시·군·구청 누리집이나 "
    "행정복지센터에 확인해 주세요"
)


_COSTS = {  # by middle; what it costs to put it out
    "대형폐기물": "수수료는 물건의 크기와 시·군·구에 따라 다르니 신고할 때 확인해 주세요",
    "공사장생활폐기물": "값은 양과 시·군·구에 따라 다르니 신고할 때 확인해 주세요",
    "전기전자제품": (
        "무상 방문 수거(전화 1599-0903, 누리집 15990903.or.kr; 큰 것은 하나, 작은 것은 다섯 점부터)나 소형 가전 "
        "수거함은 돈이 들지 않아요"
    ),
    "일반종량제폐기물": "종량제봉투 값만 들어요",
    "불연성종량제폐기물": "전용 마대나 봉투 값은 시·군·구마다 달라요",
    "음식물류폐기물": "버리는 양만큼 내고, 값은 시·군·구마다 달라요",
    "생활계유해폐기물": "받는 곳과 값은 시·군·구 청소과에 물어보세요",
}
_ITS_COST = "재활용품으로 나눠 내놓으면 돈이 들지 않아요"
FINE = (
    "정해진 곳과 방법으로 내놓지 않으면 폐기물관리법에 따라 100만 원 이하의 과태료를 물 수 있고, "
    "금액은 시·군·구마다 달라요."
)
REUSE = "쓸 만하면 버리기 전에 재활용센터나 나눔가게, 이웃과 나누는 길을 먼저 찾아보세요."
NO_DEPOSIT = "보증금은 병에 ‘보증금’ 표시가 있는 소주병·맥주병·음료수병만 돌려받아요."
NOT_PAID = "깨진 병은 보증금을 받지 못해요."
PERMIT = "스티커(필증)는 시·군·구청 누리집이나 앱, 행정복지센터, 지정 판매소에서 신고하거나 사서 붙여요."
_ITSELF = {  # how a thing that is called like its class goes there: 유리병은 유리병으로 would say nothing
    "음식물류폐기물": "전용 봉투나 수거함에 버려 주세요",
    "전기전자제품": "무상 방문 수거를 신청하거나 소형 가전 수거함에 넣어 주세요",
    "대형폐기물": "시·군·구에 먼저 신고하고 내놓아 주세요",
    "공사장생활폐기물": "시·군·구에 먼저 신고하고 내놓아 주세요",
}


def its_cost(rule: Rule) -> str:
    """What it costs to put out what the rule is for, as a sentence."""
    return f"{_COSTS.get(rule.category.middle, _ITS_COST)}."


def its_day(rule: Rule | None = None) -> str:
    """When what the rule is for is put out, as a sentence: municipalities set the day, a report sets it, or any day."""
    return f"{_DAYS.get(rule.category.middle, _ITS_DAY) if rule else _ITS_DAY}."


def own_way(called: str, rule: Rule, item: str | None = None) -> str:
    """`way` of a thing as it is called, where it is called no other than its class."""
    usual = way(rule, item)
    if not normal(usual).startswith(normal(with_particle(called, "으로", "로"))):
        return usual
    return _ITSELF.get(rule.category.middle, "재활용품으로 따로 나눠 주세요")


def way(rule: Rule, item: str | None = None) -> str:
    """Where what the rule is for goes, or one item of it, as the end of a sentence: 종량제봉투에 버려 주세요."""
    return rule.way(_guide(item)) or _WAYS.get(
        rule.category.middle, f"{with_particle(rule.name, '으로', '로')} 나눠 주세요"
    )


def said_again(sentence: str, rule: Rule, item: str | None) -> str | None:
    """What a note's sentence adds where it says the place of `way` again: 깨끗한 것만 of 깨끗한 것만 수거함에 넣어요.

    Empty where it adds nothing; None where it says something else, or of another case than usual (크면 …).
    """
    again = None if rule.way(_guide(item)) else AGAIN.get(rule.category.middle)
    found = again.fullmatch(sentence.rstrip(".")) if again else None
    if found is None:
        return None
    how = found["how"] or ""
    return how if not how or _HOW.fullmatch(how) else None


def _guide(name: str | None) -> str | None:
    item = taxonomy().named(name) if name else None
    return item.guide if item else name


def directed(name: str, rule: Rule, item: str | None = None) -> str:
    """The sentence that says where a thing goes: 영수증은 종량제봉투에 버려 주세요; `item` is what it is."""
    return f"{with_particle(name, '은', '는')} {own_way(name, rule, item or name)}"


def asked_back(said: str, candidates: Sequence[str]) -> str:
    """The question about what was not understood for sure, in the user's own words."""
    about = f"말씀하신 ‘{said}’, " if said else ""
    if len(candidates) == 1:
        return f"{about}혹시 {candidates[0]}인가요?"
    one, other = candidates
    return f"{about}혹시 {with_particle(one, '이나', '나')} {other}인가요?"
