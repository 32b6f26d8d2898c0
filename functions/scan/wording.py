"""How 이코 says where a thing goes: one way of speaking for each kind of disposal, with fitting particles."""

from __future__ import annotations

from collections.abc import Sequence

from functions.scan.korean import with_particle
from functions.scan.rules import Rule
from functions.scan.taxonomy import taxonomy

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


_DAYS = {  # by middle; when what it is for is put out
    "대형폐기물": "내놓는 날은 지자체에 신고할 때 정해요",
    "공사장생활폐기물": "내놓는 날은 지자체에 신고할 때 정해요",
    "의류및원단": "의류수거함에는 요일과 상관없이 넣을 수 있어요",
    "전지": "폐건전지함에는 요일과 상관없이 넣을 수 있어요",
    "조명제품": "수거함에는 요일과 상관없이 넣을 수 있어요",
}
_ITS_DAY = (
    "내놓는 요일과 시간은 사는 곳마다 다르니, 아파트는 관리사무소에, 주택은 시·군·구청 누리집이나 "
    "행정복지센터에 확인해 주세요"
)


def its_day(rule: Rule) -> str:
    """When what the rule is for is put out, as a sentence: municipalities set the day, a report sets it, or any day."""
    return f"{_DAYS.get(rule.category.middle, _ITS_DAY)}."


def way(rule: Rule, item: str | None = None) -> str:
    """Where what the rule is for goes, or one item of it, as the end of a sentence: 종량제봉투에 버려 주세요."""
    return rule.way(_guide(item)) or _WAYS.get(
        rule.category.middle, f"{with_particle(rule.name, '으로', '로')} 나눠 주세요"
    )


def _guide(name: str | None) -> str | None:
    item = taxonomy().named(name) if name else None
    return item.guide if item else name


def directed(name: str, rule: Rule, item: str | None = None) -> str:
    """The sentence that says where a thing goes: 영수증은 종량제봉투에 버려 주세요; `item` is what it is."""
    return f"{with_particle(name, '은', '는')} {way(rule, item or name)}"


def asked_back(said: str, candidates: Sequence[str]) -> str:
    """The question about what was not understood for sure, in the user's own words."""
    about = f"말씀하신 ‘{said}’, " if said else ""
    if len(candidates) == 1:
        return f"{about}혹시 {candidates[0]}인가요?"
    one, other = candidates
    return f"{about}혹시 {with_particle(one, '이나', '나')} {other}인가요?"
