"""Things that hurt somebody when they are thrown away like others: what they are called, and the safe path.

`data/hazards.yaml` is the source, `data/index/hazards.json` what is read at run time (see `reindex`). A hazard
is found in words before anything else is looked up, and by what a photo shows. What is found is never taken
back by other words of the text, only by a denial (휘발유가 아니라) or, where the thing may have been emptied, by
saying so (가스를 다 뺐어요).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.scan.defaults import DATA
from functions.scan.typos import Spellings
from functions.scan.utterance import Utterance

# What a two-letter name may hang on to without a space: 남은농약, 폐석면.
_ADNOMINAL_FINALS = {4, 8}
OPENING = "위험할 수 있으니 이코가 안전한 방법부터 알려 드릴게요."
_PREFIXES = frozenset("폐헌빈새옛")


@dataclass(frozen=True, slots=True)
class Circumstance:
    """A thing that is a hazard only in a state: 배터리 that is 부푼; both as patterns."""

    thing: re.Pattern[str]
    state: re.Pattern[str]
    unless: re.Pattern[str] | None  # what makes it another thing: 달걀 for 깨진

    def holds(self, text: Utterance) -> bool:
        """Whether the text names the thing and says, without denying it, that it is in the state."""
        if self.unless and self.unless.search(text.letters):
            return False
        if all(text.absent(end) for _, end in _spans(self.thing, text)):
            return False
        return any(not text.denied(*span) and not text.absent(span[1]) for span in _spans(self.state, text))


@dataclass(frozen=True)
class Hazard:
    """A kind of danger; all texts Korean and complete, each a polite sentence or more.

    `path` says who takes it, `never` what must not be done, `call` whom to ask or call, `steps` the same in order.
    `item` is the entry of the class list it is filed under when the words name none.
    """

    id: str
    name: str
    item: str
    path: str
    never: str
    call: str
    steps: tuple[str, ...]
    sources: tuple[str, ...]
    names: tuple[str, ...]  # anywhere in a word
    words: tuple[str, ...]  # whole words but for particles
    other: re.Pattern[str] | None  # what has the name in it and is another thing: 석유난로
    empty: re.Pattern[str] | None  # its container, or that it has been emptied, unless something is left
    circumstances: tuple[Circumstance, ...]
    tags: tuple[str, ...]
    tags_of: tuple[str, ...]  # middles or majors that the tags mean it of; empty for all
    opening: str  # the sentence before the path, after the thing's name if `names_it`
    names_it: bool
    instead_of: tuple[str, ...]  # hazards that are not told beside it
    rinsed: bool  # whether an empty container of it is waste like others

    @property
    def sentences(self) -> tuple[str, ...]:
        """The safe path in words, the most urgent first."""
        return tuple(filter(None, (self.path, self.never, self.call)))

    def told(
        self,
        text: Utterance,
        misspelled: Iterable[tuple[int, int]] = (),
        harmless: Sequence[tuple[int, int]] = (),
    ) -> bool:
        """Whether the text tells of it.

        `misspelled` is where its names stand with typing errors, `harmless` where harmless things are named that
        have such a name in theirs (약봉지); unless something is left in them.
        """
        if self.undone(text):
            return False
        longer: Sequence[tuple[int, int]] = () if self._left_over(text.letters) else harmless
        for start, end in (*self._named(text), *misspelled):
            inside = any(
                first <= start and end <= last and last - first > end - start for first, last in longer
            )
            if not inside and not self.elsewhere(text, start, end):
                return True
        return any(each.holds(text) for each in self.circumstances)

    def elsewhere(self, text: Utterance, start: int, end: int) -> bool:
        """Whether what is named from start to end is denied, another thing (페인트붓), or its empty container."""
        masked = _spans(self.other, text) if self.other else []
        masked += _spans(self.empty, text) if self.empty and not self._left_over(text.letters) else []
        about = _OF_IT.match(text.letters, end) is not None
        if self.rinsed and not self._left_over(text.letters) and _CONTAINER.match(text.letters, end):
            return True
        masked = [
            span for span in masked if not text.letters.startswith("째", span[1])
        ]  # 참기름 통째 is not empty
        return about or text.absent(end) or any(first <= start and end <= last for first, last in masked)

    def spoken_of(self, text: Utterance) -> bool:
        """Whether its words are there at all; where it is not told, they were denied or mean another thing."""
        others = _spans(self.other, text) if self.other else []
        if any(2 * (end - start) >= len(text.letters) for start, end in others):
            return True  # 오일필터 새거: another thing is most of what is said
        if self.undone(text) or next(self._named(text), None):
            return True
        return any(
            each.thing.search(text.letters) and each.state.search(text.letters) for each in self.circumstances
        )

    def places(self, text: Utterance) -> list[tuple[int, int]]:
        """Where its names stand in the text, those that mean it."""
        return [span for span in self._named(text) if not self.elsewhere(text, *span)]

    def undone(self, text: Utterance) -> bool:
        """Whether the text says of something like it that it has been emptied."""
        if not self.empty or self._left_over(text.letters):
            return False
        spans = [span for span in _spans(self.empty, text) if not text.denied(*span)]
        return any(_EMPTIED.search(text.letters[start:end]) for start, end in spans)

    def _left_over(self, letters: str) -> bool:
        left = self.empty.sub(" ", letters) if self.empty else letters
        return any(not _NOTHING_LEFT.match(left, found.end()) for found in _LEFT_OVER.finditer(left))

    def _named(self, text: Utterance) -> Iterator[tuple[int, int]]:
        for name in self.names:
            yield from ((start, start + len(name)) for start in _places(name, text, short=False))
        for name in self.words:
            for start in _places(name, text, short=True):
                if text.stands_alone(start + len(name)):
                    yield start, start + len(name)


_LEFT_OVER = re.compile(
    r"(쓰|바르|먹)다(가)?(만|말)|(?<!안)(?<![병통캔팩갑]만)(?<!용기만)(?<!봉지만)(?<!껍질만)(?<!데기만)(남았|남앗|남아|남은|남음|남는)|덜(썼|쓴|비|빠)|반쯤|반통|반병|가득|새(는|고|어)|샌다|찰랑"
    r"|[안못](쓴|썼|먹|뜯|뺐|뺀|빼고|비우고|비운|비웠)|미개봉"
)
# What is only about it, and no danger itself.
_OF_IT = re.compile(r"(사진|그림|모양|스티커|포스터|장난감|설명서|광고|달력|헬멧|받침|보관함|거치대)")
_CONTAINER = re.compile(
    r"([가-힣]{1,5}(거|것)(?=빈|다쓴))?(을|를|은|는)?(모두|완전히|다)?(쓰고|먹고|마시고|비우고)?(깨끗이|깨끗하게|잘|물로)?(쓴|먹은|마신|빈|비운|헹군|씻은)(작은|갈색|유리|플라스틱)?"
    r"(병|통|용기|봉지|상자|갑|곽|팩|튜브|캔|깡통|케이스)(?!에)"
)
_NOTHING_LEFT = re.compile(r"(거|게|것)?(이|은|는|도|가)?(없|아니)|지(는|도)?않")
_EMPTIED = re.compile(r"뺐|뺀|뺏|빼낸|빼고|비웠|비운|비어|빈|구멍|없|말라|말린|굳|다쓴|다썼|새(거|것)|미개봉")


def _spans(pattern: re.Pattern[str], text: Utterance) -> list[tuple[int, int]]:
    return [found.span() for found in pattern.finditer(text.letters)]


def _places(name: str, text: Utterance, *, short: bool) -> Iterator[int]:
    start = text.letters.find(name)
    while start >= 0:
        if _may_begin(text, start, start + len(name), short=short):
            yield start
        start = text.letters.find(name, start + 1)


def _may_begin(text: Utterance, start: int, end: int, *, short: bool) -> bool:
    """Whether a name can stand here: letters of two words are one only from the first one's beginning."""
    if text.begins(start):
        return True
    if text.crosses(start, end):
        return False
    if end - start > 2 and not short:
        return True
    before = text.word_before(start)
    last = (ord(before[-1]) - ord("가")) % 28 if "가" <= before[-1] <= "힣" else -1
    return before[-1] in _PREFIXES or (len(before) > 1 and last in _ADNOMINAL_FINALS) or before.endswith("던")


@cache
def hazards() -> Mapping[str, Hazard]:
    """All hazards by id, the most urgent first; read once a process."""
    rows = json.loads((DATA / "index" / "hazards.json").read_bytes())["hazards"]
    return {row["id"]: _hazard(row) for row in rows}


def _hazard(row: dict[str, Any]) -> Hazard:
    given: dict[str, Any] = {key: row[key] for key in ("id", "name", "item", "path", "never", "call")}
    for key in ("steps", "sources", "names", "words", "tags", "tags_of", "instead_of"):
        given[key] = tuple(row.get(key) or ())
    return Hazard(
        **given,
        opening=row.get("opening", OPENING),
        names_it=not row.get("alone", False),
        rinsed=bool(row.get("rinsed")),
        other=_pattern(row.get("other")),
        empty=_pattern(row.get("empty")),
        circumstances=tuple(
            Circumstance(_any_of(each["thing"]), _any_of(each["state"]), _pattern(each.get("unless")))
            for each in row.get("circumstances", ())
        ),
    )


def _any_of(alternatives: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


def _pattern(alternatives: Sequence[str] | None) -> re.Pattern[str] | None:
    return _any_of(alternatives) if alternatives else None


@cache
def _spellings() -> tuple[Spellings, Mapping[str, str]]:
    owners = {name: hazard.id for hazard in hazards().values() for name in hazard.names if len(name) > 2}
    return Spellings(owners), owners


def told(
    text: Utterance, known: Sequence[tuple[int, int]] = (), harmless: Sequence[tuple[int, int]] = ()
) -> list[Hazard]:
    """The hazards that a text tells of, the most urgent first.

    `known` is where things are named as they are spelled: there nothing is taken for a hazard misspelled.
    `harmless` are those of them that are no hazard themselves.
    """
    spellings, owners = _spellings()
    misspelled: dict[str, list[tuple[int, int]]] = {}
    for name, start, end in spellings.find(text):
        if not any(first < end and start < last for first, last in known):
            misspelled.setdefault(owners[name], []).append((start, end))
    found = [
        hazard for hazard in hazards().values() if hazard.told(text, misspelled.get(hazard.id, ()), harmless)
    ]
    return without_replaced(found)


def without_replaced(found: Sequence[Hazard]) -> list[Hazard]:
    """The hazards that are left where some of them are told instead of others."""
    replaced = {other for hazard in found for other in hazard.instead_of}
    return [hazard for hazard in found if hazard.id not in replaced]


def seen(middle: str, tags: Iterable[str]) -> list[Hazard]:
    """The hazards that a photo's conditions tell of a thing of this middle category."""
    shown = set(tags)
    return [
        hazard
        for hazard in hazards().values()
        if shown & set(hazard.tags) and (not hazard.tags_of or middle in hazard.tags_of)
    ]
