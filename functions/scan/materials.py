"""What a thing is made of, where the text says so: 철로 된 채반 is metal, whatever 채반 are usually made of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from functions.scan.heads import FOOD, NO_BOTTLES
from functions.scan.tails import is_noun
from functions.scan.taxonomy import Item, taxonomy
from functions.scan.utterance import Utterance

_ITEMS = {  # what a thing of the material is, where its own name says another one
    "metal": "고철",
    "foil": "알루미늄 용기",
    "plastic": "플라스틱 제품",
    "wood": "나무 제품",
    "rubber": "고무 제품",
    "silicone": "실리콘",
    "paper": "종이 제품",
    "glass": "유리 제품",
    "ceramic": "도자기 그릇",
}
_JAR = ("병", "통", "용기")
_JARS = frozenset(["화장품 플라스틱 용기", "샴푸 통", "화장품 내용물"])  # whose glass is a bottle's
_WORDS = {
    "metal": "철제|철사|쇠|철|스텐|스댕|스뎅|스테인리스|스테인레스|알루미늄|양은|놋쇠|금속|무쇠",
    "foil": "은박|호일|은박지",
    "plastic": "플라스틱|프라스틱|플라스틱제|pvc|피브이씨|아크릴",
    "wood": "나무|대나무|원목",
    "rubber": "고무",
    "silicone": "실리콘",
    "paper": "종이",
    "glass": "유리|강화유리|내열유리|글라스",
    "ceramic": "도자기|사기|세라믹",
}
_SAID = {name: re.compile(f"(?:{words})") for name, words in _WORDS.items()}
_MADE = re.compile(  # said of the thing anywhere: 쇠로 된, 고무 재질, 유리인데
    r"$|(로|으로)(된|만든|되어|돼있)|제품|재질|인데(?!.{0,4}(되|돼|가능))|이라서?(?![면는던고])|이에요|임$|이고"
)
_CLASS = r"(종이|플라스틱|비닐|유리|캔|고철|일반|음식물|스티로폼|재활용)(류|쓰레기)?"
_ALTERNATIVES = re.compile(  # 종이예요 플라스틱이에요: asked, and told of nothing
    rf"{_CLASS}(이에요|예요|에요|인가요?|이야|야|인지|일까요?|이냐|냐|이요|요|아니면|이랑)(아니면|혹은)?{_CLASS}"
)
_PART = re.compile(
    r"손잡이|뚜껑|바퀴|다리|부분|받침|속에|안에"
)  # 냄비 손잡이 플라스틱인데: of the handle only
_NOUN_PART = re.compile(r"손잡이|뚜껑|바퀴|다리|부분|받침|통|병|상자|박스|케이스|커버|호스|줄|끈")
_GLUED = re.compile(r"(막대|봉|고리|틀|판|망|통|그릇|제품|조각|덩어리|발판|받침|선반|다리|손잡이)")
_PURE = frozenset(
    ["종이", "플라스틱류", "유리병", "금속류", "불연성종량제폐기물"]
)  # named after what they are of


def made_of(item: Item, text: Utterance, start: int, end: int) -> Item | None:
    """The item for the material that the text says of a thing named from `start` to `end`.

    None where it says none, or none that changes where the thing goes.
    """
    for material in _materials(text, start, end):
        other = _item(material, text, item)
        if other is None or other.middle == item.middle:
            return None
        contrary = any(_SAID[each].match(item.name) for each in _SAID if each != material)  # 나무 도마
        held = item.major == FOOD and other.name == "플라스틱 제품" and text.letters.endswith("플라스틱")
        if (
            held
            or contrary
            or item.middle in _PURE
            or (material == "metal" and item.middle == "일반종량제폐기물")
        ):
            return other
    return None


def _item(material: str, text: Utterance, item: Item | None = None) -> Item | None:
    if material == "glass" and item and item.guide in _JARS:
        return taxonomy().named("화장품 유리병")
    bottle = material == "glass" and any(
        (found := re.fullmatch(r"(.*병)(이|은|을|도)?", word)) and not found[1].endswith(tuple(NO_BOTTLES))
        for word in text.words
    )
    return taxonomy().named("유리병" if bottle else _ITEMS[material])


def _materials(text: Utterance, start: int, end: int) -> Iterator[str]:
    if _ALTERNATIVES.search(text.letters):
        return
    for material, pattern in _SAID.items():
        for found in pattern.finditer(text.letters):
            first, last = found.span()
            if (start <= first < end) or not text.begins(first) or text.absent(last):
                continue
            if _PART.search(text.letters, min(end, first), first):
                continue
            after = first == end and text.word_end(last) == last and not _NOUN_PART.match(text.letters, last)
            jar = text.letters[last:start] in _JAR  # 유리병 크림통
            if last == start or jar or after or _MADE.match(text.letters, last):
                yield material


def names_material(word: str) -> bool:
    """Whether the word is the name of a material."""
    return any(pattern.fullmatch(word) for pattern in _SAID.values())


def of_stuff(text: Utterance) -> Item | None:
    """The item for an unknown thing of which only the material is said: 쇠로 된 트라이앵글, 스텐 계량스푼."""
    if _ALTERNATIVES.search(text.letters):
        return None
    for material, pattern in _SAID.items():
        for found in pattern.finditer(text.letters):
            first, last = found.span()
            whole = text.word_end(last) == last
            noun = text.words[text.starts.index(last)] if whole and last < len(text.letters) else ""
            before = is_noun(noun) or (
                material == "metal" and text.rest(last) and _GLUED.match(text.letters, last)
            )
            if text.begins(first) and not text.absent(last) and (before or _MADE.match(text.letters, last)):
                return _item(material, text)
    return None
