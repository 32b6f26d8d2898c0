"""The characters there are, and what earns each of them.

The lines that they say agree with the disposal rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Character:
    """A collectable character; `match` is the middle category that earns it, None for the default one."""

    name: str
    code: str
    match: str | None
    dialog: str

    @property
    def type(self) -> str:
        """재활용 for those earned by a middle category, 기본 for the default one."""
        return "재활용" if self.match else "기본"


CHARACTERS = (
    Character("페이피", "char-paepy", "종이", "테이프와 철핀을 떼고 물에 젖지 않게 묶어 줘서 고마워!"),
    Character("팩토리", "char-factory", "종이팩", "헹구고 펼쳐 말려서 종이팩 수거함으로 보내 줘!"),
    Character(
        "페티", "char-petty", "무색페트병", "비우고 헹구고 라벨을 떼고, 찌그러뜨려 뚜껑까지 닫으면 완벽해!"
    ),
    Character(
        "메탈리", "char-metally", "금속류", "속을 비우고 헹군 뒤 다른 재질을 떼어 주면 다시 반짝일 수 있어!"
    ),
    Character("비니", "char-bini", "비닐류", "깨끗하게 말려서 흩날리지 않게 봉투에 담아 주면 돼!"),
    Character(
        "글래시", "char-glassy", "유리병", "뚜껑을 떼고 깨지지 않게, 보증금 병은 가게에 돌려줘도 좋아!"
    ),
    Character(
        "코튼",
        "char-cotton",
        "의류및원단",
        "깨끗하고 마른 옷을 의류수거함에 넣으면 누군가 다시 입을 수 있어!",
    ),
    Character("플리", "char-plea", "플라스틱류", "비우고 헹구고 다른 재질을 떼어 주면 다시 태어날 수 있어!"),
    Character(
        "일렉",
        "char-eb7429f0523f",
        "전기전자제품",
        "건전지를 빼고 소형 가전 수거함이나 무상 방문 수거에 맡겨 줘!",
    ),
    Character(
        "배리", "char-battery", "전지", "폐건전지함에 쏙 넣어 줘, 리튬 전지는 단자를 테이프로 막아 줘!"
    ),
    Character("라이티", "char-lighty", "조명제품", "깨지지 않게 감싸서 폐형광등 수거함까지 데려다줘!"),
    Character("폼이", "char-foamy", "발포합성수지", "테이프와 운송장을 떼고 깨끗이 헹군 하얀 몸으로 만나자!"),
    Character("이코", "char-eco", None, "비우고, 헹구고, 떼어 내고, 섞지 않기, 이코랑 같이 하자!"),
)
BY_MIDDLE: Mapping[str, Character] = {c.match: c for c in CHARACTERS if c.match}
DEFAULT = CHARACTERS[-1]
