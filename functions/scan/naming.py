"""Find what a text names: a thing by its name, its last word or a slip of the pen, else a guess to ask about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from functions.scan.caps import bottle_and_cap
from functions.scan.contents import container_of, content_of, holding, left_in
from functions.scan.hazards import hazards
from functions.scan.heads import FOOD, Heading, emptied, heading, of_material
from functions.scan.instead import asked_instead
from functions.scan.kinds import driven, of_kind
from functions.scan.matches import RuleMatch, of_item
from functions.scan.materials import made_of, of_stuff
from functions.scan.mentions import STATED
from functions.scan.polar import polar, thing_before
from functions.scan.question import content, noun_phrase, own_words
from functions.scan.ranking import guesses
from functions.scan.rules import classes, lookup, rules
from functions.scan.tails import unknown_head, unknown_tail
from functions.scan.taxonomy import taxonomy
from functions.scan.topics import HEADS, JOINED, Mention, asked_together, topic
from functions.scan.utterance import Utterance, normal

LEAST_WEIGHT = -1.0  # a mention that weighs no more is beside the point
FAR_BESIDE = -2.5  # one that weighs no more says where another thing was or goes, even if it is the only one
_LIDS = ("뚜껑", "마개")
LEAST_WRONG = 0.25  # a name with no more than this wrong a syllable is meant; with more it is asked about

_SAYS_NO_KIND = re.compile(  # whose, how old or how many, but not which kind
    r"(빈|헌|새|폐|옛|큰|작은|중고|낡은|오래된|예쁜|우리|저희|집|이거|여러|모든|겨울|여름|옛날|택배|배달|마트|시장|회사|학교|사무실|가게|명절)"
    r"|(할(머니|매|배|아버지|무니)|엄마|아빠|어머니|아버지|부모님|남편|아내|와이프|아들|딸|동생|언니|형|누나|오빠|손주|친구|시어머니)(가|께서)?"
)


def told(question: str) -> RuleMatch | None:
    """What the words of a question name, or may mean; None if they are about nothing that is known."""
    meant = list(asked_instead(question))
    if readings := [match for text in meant if (match := _told(text))]:
        sure = (match for match in readings if match.finding == "named" and match.item)
        return next(sure, readings[0])
    whole = _of_thing(question, _told(question))
    if meant and whole and whole.finding == "named" and whole.item:  # that may be what is put aside
        return replace(whole, finding="asked", candidates=(whole.item,), said=own_words(question))
    return whole


def _of_thing(question: str, whole: RuleMatch | None) -> RuleMatch | None:
    """The match for what stands before the destination that is asked about, where the whole was read as that."""
    asked = polar(question)
    several = asked is not None and len(asked.destinations) > 1
    if (
        whole
        and whole.finding == "named"
        and whole.item
        and not several
        and not _read_as_place(question, whole)
    ):
        return whole
    thing = thing_before(question)
    match = _told(thing) if thing else None
    sure = match is not None and match.finding == "named" and match.item is not None
    return match if sure or (several and match) else whole


def _read_as_place(question: str, match: RuleMatch) -> bool:
    asked = polar(question)
    said = normal(match.said)
    if asked is None or match.rule.category.middle == "전지":  # which goes its own way, and must be told of
        return False
    return (asked.part and asked.part in said) or any(said in each.names for each in asked.destinations)


def _told(question: str) -> RuleMatch | None:
    list_ = taxonomy()
    if item := list_.named(question):
        return of_item(item, question, list_.spelled[normal(question)])
    if not content(question):
        return None
    if both := bottle_and_cap(question):
        return both
    mentions = _mentioned(question)
    about = topic(mentions)
    head = _headed(question, mentions, about)
    named = _named(question, mentions, about, head)
    beside = about is not None and not about.sure
    meant = None
    if head or beside or named is None:
        known = [(head.start, head.end)] if head else []
        meant = list_.corrected(question, [*known, *_classes(question)])
    if meant and (
        named is None or beside or (head and any(start <= head.start < end for start, end in meant.spans))
    ):
        again = _mentioned(meant.text)
        close = topic(again)
        near = _named(meant.text, again, close, _headed(meant.text, again, close))
        if near and near.item and near.finding == "named":
            if meant.wrong <= LEAST_WRONG:
                return with_others(near, meant.text)
            return replace(near, finding="asked", candidates=(near.item,), said=own_words(question))
    if named:
        return with_others(holding(named, question, mentions), question)
    text = Utterance.of(question)
    stuff = driven(text) or (of_stuff(text) if head is None else None)
    if stuff and (match := of_item(stuff, question)):
        return replace(match, finding="asked", candidates=(stuff.name,), said=own_words(question))
    return _guessed(question, list_.by_name[about.name].name if about else None)


def _exactly(question: str) -> RuleMatch | None:
    """The item or the class that is asked about with nothing else said."""
    list_ = taxonomy()
    asked = content(question)
    for letters in (asked, asked.replace("용", "", 1)):  # 아기용 변기 is an 아기 변기
        if item := list_.named(letters):
            return of_item(item, question, list_.spelled[normal(letters)])
    rule = classes().get(asked) or classes().get(normal(own_words(question)))  # 종이 ends like a particle
    return RuleMatch(rule, None) if rule else None


def _turned(question: str) -> RuleMatch | None:
    """The item whose name is told with its kind last: 고양이 모래 두부 is 두부 모래, 도마 나무 a 나무 도마.

    Not of a container, which is named before what it holds too: 봉지 라면.
    """
    list_, asked = taxonomy(), content(question)
    for end in range(len(asked) - 1, 1, -1):
        thing, kind = asked[:end], asked[end:]
        if thing in HEADS or list_.named(thing) is None:
            continue
        of = list_.named(kind)
        if of and of.major != FOOD:
            continue
        for at in range(len(thing) - 1):
            if item := list_.named(kind + thing[at:]):
                return of_item(item, question, noun_phrase(question))
    return None


def _mentioned(question: str) -> list[Mention]:
    """The things a text names, without dangerous ones that it is not about: of 페인트 롤러 nothing is left."""
    text = Utterance.of(question)
    mentions = taxonomy().mentions(question)
    owners = {each: hazards().get(taxonomy().by_name[each.name].hazard or "") for each in mentions}
    return [each for each in mentions if (danger := owners[each]) is None or danger.undone(text)]


def _named(
    question: str, mentions: Sequence[Mention], about: Mention | None, head: Heading | None
) -> RuleMatch | None:
    """What is named so that the question is surely about it, or by its head so that it can be one of two."""
    list_ = taxonomy()
    alone = len(mentions) == 1
    places = frozenset(each.start for each in list_.mentions(question))  # dangerous names among them
    if exact := _exactly(question) or _turned(question):
        return exact
    if about and (of_content := left_in(about, mentions, question) or container_of(about.name, question)):
        return of_content
    if head and (first := list_.named(head.items[0])):
        text = Utterance.of(question)
        words = noun_phrase(question) or text.word_before(head.start) + text.letters[head.start : head.end]
        match = of_item(first, question, words)
        if match and len(head.items) > 1:
            return replace(match, finding="asked", candidates=head.items, said=words)
        return match
    if about and (made := of_material(about.name, about.after)) and (item := list_.named(made)):
        return of_item(item, question, list_.spelled[about.name])
    if about and about.with_content and (inner := content_of(about.name)):
        return of_item(inner, question)
    if about and (about.sure or (alone and not about.generic and about.weight > FAR_BESIDE)):
        item = list_.by_name[about.name]
        text = Utterance.of(question)
        end = about.end
        before = text.word_before(about.start)
        other = None if about.apart else made_of(item, text, about.start, end)
        if about.apart and item.middle != "종이팩" and (made := of_material(about.name, f"{before}재질")):
            other = list_.named(made)
        if other := other or of_kind(item, text, about.start, end):
            return of_item(other, question, noun_phrase(thing_before(question) or question))
        match = of_item(item, question, list_.spelled[about.name])
        unsure = about.name in list_.unsettled and _told_apart(text, about, mentions)
        if match and (unsure or unknown_head(text, end, places) or unknown_tail(text, end, places)):
            called = match.said or match.item or item.name
            return replace(match, finding="asked", candidates=(called,), said=own_words(question))
        called = noun_phrase(thing_before(question) or question)
        if match and match.item != item.name:  # 신발 한짝, and not the 해진 옷 that it has become
            return replace(match, said=called or list_.spelled[about.name])
        return match
    return None


def _told_apart(text: Utterance, about: Mention, mentions: Sequence[Mention]) -> bool:
    """Whether a noun before the name says which one is meant, in its word or as the word before: 방열 장갑."""
    if before := text.word_before(about.start):
        return not _SAYS_NO_KIND.fullmatch(before) and not STATED.search(before)
    word = text.words[text.starts.index(about.start) - 1] if about.start else ""
    beside = any(
        each.end == about.start and each.modifies and not _begins_with_end_of(each.name, about.name)
        for each in mentions
    )
    return (about.qualified or beside) and not _SAYS_NO_KIND.fullmatch(word)


def _begins_with_end_of(before: str, name: str) -> bool:
    """Whether a compound told apart has its first word in the name before it: 하얀 스티로폼 and 스티로폼 박스."""
    return any(name.startswith(before[start:]) for start in range(len(before) - 1))


def with_others(match: RuleMatch, question: str) -> RuleMatch:
    """The match with the other things that the same question asks about; the first of them leads."""
    list_ = taxonomy()
    mentions = list_.mentions(question)
    about = topic(mentions)
    together = asked_together(mentions, about) if about else []
    things = {each.name: list_.changed(list_.by_name[each.name], question) for each in together}
    names = {
        item.name: list_.spelled[name] if item is list_.by_name[name] else item.name
        for name, item in things.items()
        if not item.hazard
    }
    if match.finding == "hazard" and (len(together) < 2 or _of_all(match, question, together)):
        return match
    if match.finding == "hazard":
        return replace(match, also=tuple(called for name, called in names.items() if name != match.item))
    if len(names) < 2 or match.finding == "asked":
        return match
    called, *others = names.values()
    first = of_item(list_.by_name[normal(called)], question, called)
    return replace(first, also=tuple(others)) if first else match


def _of_all(match: RuleMatch, question: str, together: Sequence[Mention]) -> bool:
    """Whether the danger is told of all that is asked about together, and is none of it: 라돈 나온다는 베개랑 매트."""
    text = Utterance.of(question)
    said = [span for each in match.dangers for span in each.places(text)]
    return bool(said) and not any(
        (start < each.end and each.start < end) or JOINED.match(text.letters, end)
        for start, end in said
        for each in together
    )


def _headed(question: str, mentions: Sequence[Mention], about: Mention | None) -> Heading | None:
    """The container, cover or net that the question is about, where no name says more than its last word."""
    text, list_ = Utterance.of(question), taxonomy()
    foods = [each for each in mentions if list_.by_name[each.name].major in (FOOD, "생활계유해폐기물")]

    def middles(start: int, end: int) -> frozenset[str]:
        within = (each for each in mentions if each.start < end and start < each.end)
        return frozenset(list_.by_name[each.name].middle for each in within)

    head = heading(text, middles)
    if head is None or about is None:
        return head if head and not head.elsewhere else None
    end = about.end
    if end >= head.end and about.start <= head.start and len(about.name) > head.end - head.start:
        return None  # the name says more
    if head.decided and not head.elsewhere and (about.start, end) == (head.start, head.end):
        return head  # and what stands beside it says more than the name alone: 우유 상자
    if head.elsewhere:
        beside = about.weight <= LEAST_WEIGHT and head.start < about.start
        return head if beside or (about in foods and emptied(text)) else None
    lid = text.letters[head.start : head.end].endswith(_LIDS)
    if about.start >= head.end and about.weight > LEAST_WEIGHT:
        return head if lid and head.decided else None  # the name comes last, but 병뚜껑 맥주 is a cap
    if not about.sure or (head.start >= end - 1 and not about.marked):
        return head
    return head if about in foods and emptied(text) else None


def _guessed(question: str, mentioned: str | None) -> RuleMatch | None:
    likely = guesses(question)
    names = [mentioned, *(guess.item or rules()[guess.rule].name for guess in likely)]
    candidates = tuple(dict.fromkeys(name for name in names if name))[:2]
    if not candidates:
        return None
    first = taxonomy().named(candidates[0])
    if first is None or not likely:
        rule = rules()[likely[0].rule] if likely else lookup(*first.place) if first else None
    else:
        rule = lookup(*first.place)
    if rule is None:
        return None
    score = likely[0].score if likely else 1.0
    item = first.name if first else None
    return RuleMatch(rule, item, score, "bm25", "asked", candidates=candidates, said=own_words(question))


def _classes(question: str) -> list[tuple[int, int]]:
    """Where the text names a class of waste, which is no thing misspelled: 종이팩 is no 종이백."""
    letters = Utterance.of(question).letters
    return [
        found.span() for word in classes() if len(word) > 1 for found in re.finditer(re.escape(word), letters)
    ]
