"""What somebody wrote, as all look-ups read it: words, letters without spaces, and what is denied.

Decomposed Hangul (NFD, or single jamo as a broken keyboard sends them), wide letters and invisible signs are
made the same first, so that no spelling of the same letters is read differently.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate

LONGEST = 1000  # characters of a text that are read

_NOT_A_LETTER = re.compile(r"[\W_]+")
_INVISIBLE = re.compile("[\u00ad\u115f\u1160\u200b-\u200f\u2060\u3164\ufe00-\ufe0f\ufeff]")
_JAMO = re.compile("([ㄱ-ㅎ])([ㅏ-ㅣ])(?:([ㄱ-ㅎ])(?![ㅏ-ㅣ]))?")
_ASKED_NOT = re.compile(r"(이|가)?\s?아니(에요|예요|야|죠|지|지요|냐|니|가|ㅁ)\s*\?")
_HASTY = re.compile(r"[앗엇졋햇겟랏렷쳣왓됏켯](?=어[요서도]?|는데|다|습|음|네|지만)")
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"

PARTICLE = re.compile(
    r"(들|류|세트|조각|쪼가리|뭉치|더미)?"
    r"(은|는|이|가|을|를|도|만|의|랑|이랑|하고|과|와|로|으로|에|에서|에다|까지|부터|같은|처럼|이나|나|요|말고|이에요|예요|에요"
    r"|이야|야|입니다|인데|인데요|이요|인가요?|고|이고|면|이면|라면|이라면|이라|라|인지|인가|이라고|뿐|통째로|째|여|임|이네요?|네요?)?"
    r"(요|도|는|은)?"
)
QUESTION = re.compile(  # what is written onto a thing where no spaces are: 등유어떻게버려요
    r"(어떻게|어떡|어케|어캐|어디|어데|어따|어째|우째|우짜|우예|버리|버려|버릴|버림|버립|버린|버릴|처리|처분|폐기|분리|재활용|되나|돼|하수구|변기|있어|있는|남은|남았|좀)"
)
# What follows a thing, or a state, that is not there: 휘발유가 아니라, 기름 없는, 부풀지 않았어요, 깨진 데는 없어요.
_DENIED_AFTER = re.compile(
    r"(이|가|은|는|도|을|를)?(절대|전혀|하나도|하나|한개도|한군데도|한곳도|한점|아예)?"
    r"(아니(?!ㄴ가)(?!면)|아닌(?!가|지)|아녜|아님|아닙|없(?!나|을까|애|(는|을)줄(알|만))|말고|빼고|대신"
    r"|안들(?!렸)|안남(?!(은|을|았을)줄)|안(?=묻|배|튀)|(들어)?있지(는|도)?않|들지(는|도)?않|남지(는|도)?않)"
)
_STATE_DENIED_AFTER = re.compile(
    r"(어오르|어있|어나|오르|나|지거나하|거나하|어지)?지(는|도|를|가)?(않|안(?!에|쪽))"
    r"|(이|가|은|는|도)?(하나도|하나|전혀|아직)?안(된|됐|돼|되|한|했|하|난|났|나|뚫|생|간(?!다)|갔)|(하나|하나도|한군데도|한곳도)없|(은|는|어있는|있는|어진|난|린)?(건|것|거|게|데|곳|적)(이|은|는|도|가|들)?(전혀|하나도|딱히)?"
    r"(아니(?!ㄴ가)|아닌(?!가|지)|아닙|아녜|없(?!나|을까|애))"
)
_DENIED_BEFORE = re.compile(r"(?<![집차방동치제보미도편묵원초아])안$")  # not 집 안, 차 안, 동안, 보안


def same_letters(text: str) -> str:
    """The text composed, in one width and one case, its jamo written as syllables, without invisible signs.

    A past tense typed in haste (깨졋어요, 쏟앗는데) has its ㅆ.
    """
    composed = _JAMO.sub(_syllable, _INVISIBLE.sub("", unicodedata.normalize("NFC", text)))
    composed = _HASTY.sub(lambda found: chr(ord(found.group()) + 1), composed)
    return "".join(_narrow(letter) for letter in composed).casefold()


def normal(text: str) -> str:
    """Letters and digits only, in one spelling: how names are compared."""
    return _NOT_A_LETTER.sub("", same_letters(text))


def _narrow(letter: str) -> str:
    return unicodedata.normalize("NFKC", letter) if "\uff01" <= letter <= "\uffdc" else letter


def _syllable(found: re.Match[str]) -> str:
    initial, vowel, final = found.groups()
    if initial not in _INITIALS or (final and final not in _FINALS):
        return found.group()
    code = (_INITIALS.index(initial) * 21 + ord(vowel) - ord("ㅏ")) * 28 + _FINALS.index(final or " ")
    return chr(ord("가") + code)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text as words and as their letters in one row; `starts` has each word's place and the end."""

    words: tuple[str, ...]
    starts: tuple[int, ...]
    letters: str

    @classmethod
    def of(cls, text: str) -> Utterance:
        """Read the first LONGEST characters of a text."""
        read = _ASKED_NOT.sub(r"\1맞나요", same_letters(text[:LONGEST]))
        words = tuple(word for word in _NOT_A_LETTER.split(read) if word)
        return cls(words, tuple(accumulate((len(word) for word in words), initial=0)), "".join(words))

    def begins(self, start: int) -> bool:
        """Whether a word begins here."""
        return self.starts[bisect_right(self.starts, start) - 1] == start

    def word_end(self, end: int) -> int:
        """Where the word that holds the letter before `end` is over."""
        return self.starts[bisect_left(self.starts, end)]

    def crosses(self, start: int, end: int) -> bool:
        """Whether these letters belong to two words."""
        return self.starts[bisect_right(self.starts, start)] < end

    def rest(self, end: int) -> str:
        """What is left of the word from `end` on."""
        return self.letters[end : self.word_end(end)]

    def between(self, start: int, end: int) -> str:
        """The letters from start to end with a space before every word that begins there."""
        breaks = set(self.starts)
        return "".join(
            f" {self.letters[at]}" if at in breaks else self.letters[at] for at in range(start, end)
        )

    def stands_alone(self, end: int) -> bool:
        """Whether nothing but a particle, or a question, is left of the word from `end` on."""
        rest = self.rest(end)
        if PARTICLE.fullmatch(rest):
            return True
        particle = PARTICLE.match(rest)
        return QUESTION.match(rest, particle.end() if particle else 0) is not None or bool(
            QUESTION.match(rest)
        )

    def word_before(self, start: int) -> str:
        """The letters of the same word before `start`."""
        return self.letters[self.starts[bisect_right(self.starts, start) - 1] : start]

    def absent(self, end: int) -> bool:
        """Whether the text says that the thing named up to `end` is not there, or not meant."""
        return _DENIED_AFTER.match(self.letters, end) is not None

    def denied(self, start: int, end: int) -> bool:
        """Whether the text says that the state told from start to end is not so: 안 깨진, 부풀지 않은."""
        if _DENIED_BEFORE.search(self.letters[max(start - 3, 0) : start]):
            return True
        return _STATE_DENIED_AFTER.match(self.letters, end) is not None
