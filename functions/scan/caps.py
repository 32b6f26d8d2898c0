"""A bottle and its cap, or its label, that are asked about in one question: each goes its own way, or the cap stays on.

Which way decides the bottle: of a glass one the cap is told too, on a clear bottle of PET it is closed. Where neither
is said, it is asked which it is.
"""

from __future__ import annotations

import re
from dataclasses import replace

from functions.scan.matches import RuleMatch, of_item
from functions.scan.question import own_words
from functions.scan.taxonomy import Item, taxonomy
from functions.scan.utterance import Utterance

GLASS, CLEAR, CAP = "유리병", "무색페트병", "유리병 뚜껑"
_BOTH = re.compile(
    r"뚜껑(?!(을|를|이|도)?(꼭|다)?(닫|열|없|떼|뗀|빼|뺀)).{0,16}병(은|도|이랑|하고|이요|과|을|만)"
    r"|병(은|이랑|하고|과|도|이고|버릴때|버리는데|인데).{0,16}뚜껑(?!(을|를|이|도)?(꼭|다)?(닫|열|없))"
)


_HOW = re.compile(  # how the bottle is put out: 페트병 뚜껑을 닫아야 하나요, 유리병 라벨 꼭 떼야 해요
    r"병(의|은|도|에|에붙은)?(뚜껑|라벨|상표)(쇠?고리|링)?(을|은|도|만|이)?(꼭|다|안|못|그냥|같이)?(닫|열|열어|따고|따야|떼|뗄|뗀|빼|빠져|빠지|떨어지|떼져|떼지|잠그|덮)"
)
_ONLY = re.compile(r"뚜껑(은|만|들|들은)?(어디|뭐로|뭘로|모아|모으|따로모)")


def bottle_and_cap(question: str) -> RuleMatch | None:
    """The match for both where a question asks about both; None where it does not, or for other bottles."""
    text = Utterance.of(question)
    if _ONLY.search(text.letters) or not (_BOTH.search(text.letters) or _HOW.search(text.letters)):
        return None
    bottle = _bottle(question, text)
    if bottle is None:
        match = of_item(taxonomy().by_name[GLASS])
        return match and replace(
            match, finding="asked", candidates=(GLASS, "투명 페트병"), also=(CAP,), said=own_words(question)
        )
    name, item = bottle
    if item.middle == GLASS:
        match = of_item(item, question, name)
        known = taxonomy().spelled.get(f"{name.replace(' ', '')}뚜껑", CAP)
        return match and replace(match, also=(known,))
    return of_item(item, question, name) if item.middle == CLEAR else None


def _bottle(question: str, text: Utterance) -> tuple[str, Item] | None:
    """The bottle by the name it has alone or before its cap (소주병 뚜껑), or by its material."""
    list_ = taxonomy()
    for mention in list_.mentions(question):
        name = re.sub(r"(뚜껑|라벨|상표)$", "", mention.name)
        item = list_.named(name)
        if item and name.endswith("병") and name != "병":
            return list_.spelled[name], item
    if "유리" in text.letters:
        return GLASS, list_.by_name[GLASS]
    return ("투명 페트병", list_.by_name["투명페트병"]) if "페트" in text.letters else None
