"""Names found although they are misspelled: a distance over jamo in which sounds that are mixed up cost half."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise, permutations
from math import inf

from functions.scan.utterance import PARTICLE, QUESTION, Utterance

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = "-ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_CLASSES = str.maketrans("ㄲㅋㄸㅌㅃㅍㅆㅉㅊ", "ㄱㄱㄷㄷㅂㅂㅅㅈㅈ")
_TENSE = str.maketrans("ㄲㄸㅃㅆㅉ", "ㄱㄷㅂㅅㅈ")
_SAME_VOWELS = str.maketrans("ㅔㅖㅒㅞㅙ", "ㅐㅐㅐㅚㅚ")
_SAME_FINALS = str.maketrans("ㄲㅋㅅㅆㅈㅊㅌㅎㅍ", "ㄱㄱㄷㄷㄷㄷㄷㄷㅂ")


def _pairs(*groups: str) -> frozenset[str]:
    return frozenset(one + other for group in groups for one, other in permutations(group, 2))


_ALIKE_INITIALS = _pairs("ㄱㄲㅋ", "ㄷㄸㅌ", "ㅂㅃㅍ", "ㅅㅆ", "ㅈㅉㅊ", "ㄴㄹ", "ㅎㅇ")
_ALIKE_VOWELS = _pairs(
    "ㅐㅔㅒㅖ", "ㅙㅚㅞ", "ㅓㅗ", "ㅗㅜ", "ㅡㅜ", "ㅣㅟㅢ", "ㅓㅕ", "ㅏㅑ", "ㅗㅛ", "ㅜㅠ", "ㅡㅓ", "ㅣㅔ"
)
_SAME = _pairs("ㅐㅔ")  # which nobody tells apart any more: 배게 has both of 베개 wrong
_ALIKE_FINALS = _pairs("-ㅎ", "ㄱㄲㅋㄳㄺ", "ㄷㅅㅆㅈㅊㅌㅎ", "ㄴㅇㅁ", "ㅂㅍㅄ", "ㄹㅀㄼ", "ㄴㄵㄶ")
_MOST = {2: 0.5, 3: 1.0, 4: 1.5}  # what may be wrong in a name of so many syllables; 2.0 in a longer one
_SLIP = 0.5  # so little may be wrong with a name that only begins a word
_CARRIED = frozenset("ㄱㄲㄴㄷㄹㅁㅂㅅㅆㅈㅊㅋㅌㅍ")
_LONGEST_NAME = 10
_ASKS = re.compile(
    r"(인가|인지|일까|이냐|입니|되나)$"
)  # 플라스틱인가 is a question, and no 플라스틱 완구 misspelled


def most(syllables: int) -> float:
    """How much may be wrong in a name of so many syllables."""
    return _MOST.get(syllables, 2.0 if syllables > 4 else 0.0)


@lru_cache(maxsize=11_172)  # as many syllables as there are
def _parts(syllable: str) -> tuple[str, str, str]:
    code = ord(syllable) - ord("가")
    if not 0 <= code < 11172:
        return syllable, "", ""
    return _INITIALS[code // 588], _VOWELS[code // 28 % 21], _FINALS[code % 28]


def _sound(word: str) -> str:
    """The word as it is spoken, where a final consonant goes over to an open syllable: 뽁뽁이 is 뽁뽀기."""
    parts = [list(_parts(syllable)) for syllable in word]
    for this, following in pairwise(parts):
        if this[2] in _CARRIED and following[0] == "ㅇ":
            following[0], this[2] = this[2], "-"
    return "".join(
        chr(ord("가") + (_INITIALS.index(a) * 21 + _VOWELS.index(b)) * 28 + _FINALS.index(c))
        for a, b, c in parts
    )


def _cost(one: str, other: str, alike: frozenset[str]) -> float:
    if one == other:
        return 0.0
    if one + other in _SAME:
        return 0.25
    return 0.5 if one + other in alike else 1.0


def distance(one: str, other: str, most: float = inf) -> float:
    """How different two words of equally many syllables are: 1 a jamo, half of it for sounds that are mixed up.

    Infinite beyond `most`, and where one syllable has nothing to do with the other: that is another word, no slip.
    """
    total = 0.0
    for a, b in zip(one, other, strict=True):
        if a != b:
            first, second = _parts(a), _parts(b)
            wrong = _cost(first[0], second[0], _ALIKE_INITIALS)
            wrong += _cost(first[1], second[1], _ALIKE_VOWELS)
            wrong += _cost(first[2], second[2], _ALIKE_FINALS)
            total += wrong if wrong <= 1 else inf
            if total > most:
                return inf
    return total


def _doubt(word: str, name: str) -> float:
    """What is wrong a syllable. Two syllables say little: only what sounds the same is no doubt (칫쏠, 베게)."""
    if len(name) == 2:
        for one, other in zip(map(_parts, word), map(_parts, name), strict=True):
            tense = one[0].translate(_TENSE) == other[0].translate(_TENSE)
            if not tense or one[1].translate(_SAME_VOWELS) != other[1].translate(_SAME_VOWELS):
                return 1.0
            if one[2].translate(_SAME_FINALS) != other[2].translate(_SAME_FINALS):
                return 1.0
    return min(distance(word, name), distance(_sound(word), _sound(name))) / len(name)


def plain(word: str) -> list[str]:
    """The word's syllables as careless spelling has them in common: 밧데리 and 빳대리 are the same."""
    parts = (_parts(syllable) for syllable in word)
    return [f"{a.translate(_CLASSES)}{b.translate(_SAME_VOWELS)}" for a, b, _ in parts]


def _outline(word: str) -> str:
    return "".join(_parts(syllable)[0] for syllable in word).translate(_CLASSES)


@dataclass(frozen=True, slots=True)
class Correction:
    """A text as it was probably meant, and the worst that was wrong with a name, counted a syllable of it."""

    text: str
    wrong: float
    spans: tuple[tuple[int, int], ...]  # of the letters that were wrong


class Spellings:
    """Names to be found misspelled in a text; they are indexed when the first text comes."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)

    @cached_property
    def _by_outline(self) -> dict[str, list[tuple[str, str]]]:
        """Names and how they are spoken, by their consonants and by all but one of them."""
        index: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name in self._names:
            if 2 <= len(name) <= _LONGEST_NAME and all("가" <= letter <= "힣" for letter in name):
                sound = _sound(name)
                outline = _outline(sound)
                index[outline].append((name, sound))
                for at in range(len(outline)):
                    index[f"{outline[:at]}*{outline[at + 1 :]}"].append((name, sound))
        return dict(index)

    def near(self, word: str) -> list[tuple[float, str]]:
        """The names that this word may be meant as, nearest first, by what is wrong with it."""
        limit = most(len(word))
        if not limit or any(not "가" <= letter <= "힣" for letter in word):
            return []
        spoken = _sound(word)
        outline = _outline(spoken)
        keys = [outline, *(f"{outline[:at]}*{outline[at + 1 :]}" for at in range(len(outline)))]
        names = {name for key in keys for name in self._by_outline.get(key, ())}
        judged = (
            (min(distance(word, name, limit), distance(spoken, sound, limit)), name) for name, sound in names
        )
        return sorted(pair for pair in judged if pair[0] <= limit)

    def find(self, text: Utterance, least: int = 3) -> Iterator[tuple[str, int, int]]:
        """Names that a word, or two written apart, stands for but for its spelling, with where it stands.

        Names of fewer than `least` syllables are not looked for.
        """
        for number, start in enumerate(text.starts[:-1]):
            for end_word in text.starts[number + 1 : number + 3]:
                for end in range(start + least, min(end_word, start + _LONGEST_NAME) + 1):
                    whole = PARTICLE.fullmatch(text.letters, end, end_word) is not None
                    for wrong, name in self.near(text.letters[start:end])[:1]:
                        if whole or (wrong <= _SLIP and end - start > 2):
                            yield name, start, end

    def corrected(self, text: Utterance, named: Sequence[tuple[int, int]]) -> Correction | None:
        """The text with what is misspelled set right, but for words that stand at `named` places."""
        slips = [
            (start, end, name)
            for name, start, end in self.find(text, least=2)
            if not any(first <= start and end <= last for first, last in named)
            and not QUESTION.match(text.letters, start)
            and not _ASKS.search(text.letters, start, end)
            and name != text.letters[start:end]
        ]
        parts: list[str] = []
        spans: list[tuple[int, int]] = []
        at, worst = 0, 0.0
        for start, end, name in sorted(slips, key=lambda slip: (slip[0], -slip[1])):
            if start >= at:
                parts += [text.between(at, start), " ", name]
                worst = max(worst, _doubt(text.letters[start:end], name))
                spans.append((start, end))
                at = end
        if not parts:
            return None
        return Correction("".join([*parts, text.between(at, len(text.letters))]), worst, tuple(spans))
