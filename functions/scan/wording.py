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
