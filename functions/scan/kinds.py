"""What a thing is by a word that says how it works or how long it lasts: 전동 가위, 일회용 앞치마.

Such a word makes another thing of whatever it is said of, so no name has to be listed with each of them.
"""

from __future__ import annotations

import re

from functions.scan.taxonomy import Item, taxonomy
from functions.scan.utterance import Utterance

ELECTRIC, TOY, DISPOSABLE = "소형 가전제품", "전자 장난감", "일회용품"
_ELECTRIC = re.compile(
    r"전동(?!휠)|전기식|전기(?!자전거|매트|장판)|전자식|전자(?!레인지|렌지)|충전식|충전형|무선|자동식|디지털|블루투스|usb|건전지식|건전지용|배터리식|코드식"
)
_RUNS = re.compile(  # 건전지로 움직이는, 건전지 넣는, 코드 꽂는, 불 들어오는
    r"(건전지|밧데리|배터리|전기)(가|로|를|을|는)?(들어가|넣|끼우|움직|작동|돌아가|켜|쓰)(이|하)?는"
    r"|(건전지|밧데리|배터리|전기)로(움직|작동|돌아|켜)|(코드|콘센트)(에|를)?(꽂|연결)(는|아|어)|불(이|도)?들어오는"
    r"|(건전지|밧데리|배터리|전지)(가|를|도)?(들어있(는|던)|든|들은|들었|안뺀|안뺐|끼워(진|져)|넣은)(?!(통|상자|박스|봉지|봉투|케이스|가방|주머니|함))"
    r"|(말|노래|소리나|움직이|걸어다니|춤추|멜로디나오)(하|부르)?는(?=.{0,6}(장난감|인형|로봇|오리|강아지|공룡))"
    r"|장난감(은|이)?(소리|노래|불|멜로디)(가|도|이)?나(는|오는)"
)
_CUTLERY = ("숟가락", "젓가락", "수저", "포크", "나이프", "스푼")
_PLAYTHING = re.compile(r"장난감|인형|미니카|로봇|자동차|기차|공룡|오리|피아노")
_NEVER = frozenset(  # dangerous, electric, bulky or eaten whatever is said of how it works
    [
        "생활계유해폐기물",
        "전지",
        "전기전자제품",
        "조명제품",
        "대형폐기물",
        "공사장생활폐기물",
        "음식물류폐기물",
    ]
)
_NO_DEVICE = ("종이", "비닐류", "종이팩", "무색페트병", "유리병")


def of_kind(item: Item, text: Utterance, start: int, end: int) -> Item | None:
    """The item for the kind that the text says a thing named from `start` to `end` is of; None if it says none."""
    before = text.letters[:start]
    if before.endswith("일회용") and item.middle == "의류및원단":
        return taxonomy().named(DISPOSABLE)
    if "일회용" in before and item.name.endswith(_CUTLERY):
        return taxonomy().named(DISPOSABLE)
    if item.middle in _NEVER or item.middle in _NO_DEVICE:
        return None
    said = _said(text, start, end)
    if said or _RUNS.search(text.letters):
        return taxonomy().named(TOY if _PLAYTHING.search(text.letters) else ELECTRIC)
    return None


def _said(text: Utterance, start: int, end: int) -> bool:
    """Whether a word right before or after the name says that it is electric: 전동 가위, 연필깎이 전동."""
    for found in _ELECTRIC.finditer(text.letters):
        first, last = found.span()
        if text.begins(first) and (last == start or (first == end and text.word_end(last) == last)):
            return True
    return False


def driven(text: Utterance) -> Item | None:
    """The item for something unknown that is said to run on batteries or mains: 건전지로 움직이는 공룡."""
    if not _RUNS.search(text.letters):
        return None
    return taxonomy().named(TOY if _PLAYTHING.search(text.letters) else ELECTRIC)
