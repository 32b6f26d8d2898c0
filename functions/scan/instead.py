"""What a question is about where it puts something else aside: 배터리 말고 본체, 유리 빼고 틀만.

What stands before 말고 is not asked about, but may say which thing is meant (청소기 배터리 말고 본체).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from functions.scan.utterance import LONGEST, same_letters

_ASIDE = re.compile(
    r"(?<![안못])\s*(?<![안못])(?<![안못]\s)(?P<by>말고|빼고|제외하고|제외한|뺀)(?P<particle>는|도|요|나서|난)?(?=[\s,])[\s,]*(?P<asked>\S.*)"
)

_WITH_PART = re.compile(  # what is asked of a thing and a part of it is asked of the thing: 내솥도 같이
    r"\s+\S{0,3}(내솥|리모컨|충전기|받침)(도|까지)(?=\s+같이)"
)
_FOR = re.compile(r"(?P<thing>\S.*\S)\s+\S{1,5}용\s*")  # 양초 케이크용: what it is for, said last
_BODY = re.compile(  # 가습기 물통은 플라스틱이고 본체는요: a part was spoken of, the rest is asked about
    r"(?P<thing>\S+)\s+\S{1,6}[은는]\s.*\s(?P<body>본체|몸통|몸체)[은는만].*"
)
_ACT = re.compile(r"(하|버리|쓰|넣|사|놓|내|먹|두|되|주)지$|면$")


def asked_instead(question: str) -> Iterator[str]:
    """The question without what it puts aside, the likeliest reading first; nothing if it puts nothing aside."""
    text = same_letters(question[:LONGEST])
    if _WITH_PART.search(text):
        yield _WITH_PART.sub("", text)
    if meant := _FOR.fullmatch(text):
        yield meant["thing"]
    if rest := _BODY.fullmatch(text):
        yield f"{rest['thing']} {rest['body']}"
    found = _ASIDE.search(text)
    if found is None:
        return
    before, asked = text[: found.start()].split(), found["asked"]
    if not before or before[-1].endswith("에서"):  # 액자에서 뺀 유리: where it was
        return
    if _ACT.search(before[-1]):  # 버리지 말고: an act is put aside, and no thing
        return
    yield asked
    yield " ".join([*before[:-1], asked])
