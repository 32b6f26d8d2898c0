"""Topics of news: which category an article belongs to, by the words it uses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {"all": "전체", "environment": "환경", "energy": "에너지", "ai": "AI"}
TITLE_WEIGHT: Final = 3
KEYWORDS: Final = 5
"""Keywords of an article at most."""


def topic(title: str, snippet: str) -> tuple[str, tuple[str, ...]] | None:
    """The category with most of its words in title and snippet, and those words; None where there are none."""
    found: dict[str, Counter[str]] = {}
    for category, pattern in _WORDS.items():
        words: Counter[str] = Counter()
        for text, weight in ((title, TITLE_WEIGHT), (snippet, 1)):
            for match in pattern.finditer(text):
                if match[0] != "AI" or not _FLU.search(f"{title} {snippet}"):
                    words[match[0]] += weight
        if words:
            found[category] = words
    if not found:
        return None
    best = max(found, key=lambda category: found[category].total())  # of equals the first one below
    return best, tuple(word for word, _ in found[best].most_common(KEYWORDS))


_FLU: Final = re.compile(r"조류\s*인플루엔자|조류독감|가금|살처분|H\dN\d|철새|오리|산란계")
"""Where these stand, AI is avian influenza."""
_WORDS: Final = {
    "environment": re.compile(
        "분리배출|분리수거|재활용|자원순환|새활용|업사이클|제로웨이스트|다회용|일회용|폐기물|쓰레기|음식물쓰레기|플라스틱|페트병|"
        "미세플라스틱|미세먼지|기후위기|기후변화|기후|탄소중립|온실가스|탄소|환경부|환경오염|환경|생태계|생태|생물다양성|멸종위기|"
        "해양오염|수질|대기오염|녹조"
    ),
    "energy": re.compile(
        "재생에너지|신재생|에너지|태양광|풍력|수력|지열|원전|원자력|전력망|전력|전기요금|송전|발전소|수소|이차전지|배터리|"
        "전기차|ESS|LNG|석유|천연가스|석탄"
    ),
    "ai": re.compile(
        "인공지능|생성형|챗GPT|ChatGPT|제미나이|클로드|거대언어모델|언어모델|머신러닝|딥러닝|데이터센터|AI반도체|"
        "(?<![A-Za-z])(?:LLM|AGI|GPT|AI)(?![A-Za-z])"
    ),
}
