"""Whether a name is followed by a noun that nothing is known of, and that the text is about: 화장대 **거울**.

Korean puts the head last. A known name right before an unknown noun only says which one is meant, so it must not be
told as if it were the thing itself.
"""

from __future__ import annotations

import re

from functions.scan.topics import PARTS, WORN
from functions.scan.utterance import PARTICLE, QUESTION, Utterance

_DEPENDENT = re.compile(  # nouns that name nothing alone: 구멍난거, 애기꺼, 한포대, 비누 쪼가리
    r".*(?<!자전)(?<!선)([거꺼것]|건데)(은|는|이|가|도|요)?"
    r"|(한두|두세|서너|대여섯|한|두|세|네|다섯|여섯|일곱|여덟|아홉|열|스무|[수몇]?[십백천]|몇|여러|[0-9]+)(개|장|포대|쪽|짝|봉|봉지|박스|상자|통|병|줄|묶음|켤레|쌍|마리|그루|판|대|벌|권|다발|뭉치|움큼|자루|팩|마대|알|톨|조각|입|숟갈|송이|포기|덩이|덩어리)(정도|씩|만)?"
    r"|(쪼가리|부스러기|토막|동강|짜투리|꽁다리|끄트머리|나부랭이|몽당)(은|는|이|가|도|들)?"
)
_NO_HEAD = re.compile(  # what may follow a thing and is none itself
    r"((하나|둘|셋)(만|씩)?(도|은)?$|(한)?무더기|한가득|곰팡이|만료|당첨|꽝$|음성$|양성$|코팅|도기$|와이파이|다이소|전자식|수동|자동|일회용$|[대중소]자$|김장때|혼자|직접|제가|거|것|건|게|걸|들|류|님|(한|두|세|네|몇|다|안|못|덜|좀|왜|그|이|저|요|더|또)$|[안못덜다].*[은는던까지데고나요거것건게걸]$|여러|[대소다]량|가짜|이(거|건|게|것|제|미)|그(거|건|게|냥|것)|저(거|건|게)|꼭|큰|작은|옛날|투명|자투리|오래|낡|새|헌|깨|고장|망가|부러"
    r"|(하얀|하양|흰|까만|검은|검정|빨간|노란|파란|초록|분홍|갈|회)색|빨간물|내용물|언제|며칠|내일|오늘|넣어|담아|내놓|내놔|남|버|어|뭐|뭘|처|분|재활|배출|수거|전용|뭉치|묶음|더미|조각|세트|통째|본체|덩어리|반|많|있|없|먹|쓰|쓴|썼|씻|묻|젖|찢|멀쩡|깨끗|더러|까|뜯|떼|뗀|빈|꽉"
    r"|가득|무료|돈|종|일반|음식|쓰레기|대형|소형|중형|미니|특대|낱개|여분|새거|중고|폐|잔뜩|전부|모두|혹시|어떻|그냥|바로|같이|함께|따로|정도|이상|이하|약간"
    r"|냄새|보증금|보상|반납|환불|기부|무상|예약|교환|값|벌금|과태료|요일|시간|ㅠ|ㅜ|ㅋ|ㅎ|질문|문의|방법|안내|신고|스티커|비용|가격|수수료|얼마|무게|사이즈|크기|[0-9a-z]|퀸|킹|싱글|더블|인용|리터|키로|킬로|그램|미리"
    r"|대용량|소용량|엄청|너무|진짜|되게|아주|무지|완전|꽤|제법|유선|무선|접이식|조립식|[가-힣]+용$|때문|관련|종류|경우|때|중|외|등|및|또는|아니|맞|되|돼|될|가능|불가|괜찮|상관|필요|됨|함|임|ㄱ|(속|안|겉|위|밑|옆|앞|뒤)(에|은|이|의|에서)?$|안에|(플라스틱|나무|고무|종이|유리|비닐|도자기|스텐|철|쇠|천|가죽)(로|으로)?)"
)
_FUNCTION_END = re.compile(  # ends of verbs, adjectives and adverbs, which are no nouns
    r"(고|서|면|니|까|나|요|죠|지|데|네|며|려|러|던|든|듯|게|히|도록|라도|랬|었음|했음|음|됨|함|임|짐|남|님|다|ㅁ|ㅠ|ㅜ|ㅋ|ㅎ)$"
)
_ADNOMINAL = re.compile(
    r"[은는던린진난한된간친긴쓴온큰운른인든연준낸뺀뗀헌먼슨을할쓸될줄갈올볼릴]$"
)  # 부러진, 버릴
_ADJECTIVE = re.compile(
    r".*(식|남|묻|낡|작|젖|같|넓|얇|굵|높|낮|많|적|녹|삭|썩|굳|죽|닳|찍|받|담|먹|입|신|씻|닦|뜯|꽂|찢|앉|박|심|깎"
    r"|볶|섞)은"
)


_WHOLE = frozenset(
    ["밑창", "굽", "지퍼", "액정", "화면"]
)  # of which the whole thing is worn: 등산화 밑창 나간 것
_WORN_OF = (_WHOLE | PARTS) - {"손잡이"}  # which may be what is thrown away: 서랍 손잡이 떨어진 것
_SOILED = re.compile(
    r"묻|뭍|배인|베인|밴|벤|마신|마셨|먹은|먹었|담았|튄|튀|젖|쏟|흘|낀|찬|들어|담긴|붙|달린|새는"
)
_TAKEN = re.compile(r"떼|뗄|뺄|빼|분리|제거|자르|잘라")
_SOIL = re.compile(r"(기름기?|국물|물기|자국|얼룩|이물질|냄새|때|먼지)(이|가|도|은|만)?$")


def unknown_head(text: Utterance, end: int, known: frozenset[int]) -> bool:
    """Whether the word after the name that ends at `end` is an unknown noun with which the phrase ends.

    `known` is where names stand: a word that holds one is not unknown.
    """
    if end not in text.starts or end >= len(text.letters):
        return False
    number = text.starts.index(end)
    word = text.words[number]
    if len(word) < 2 and len(text.words) > number + 1:
        return False
    if any(end <= place < end + len(word) for place in known) or not is_noun(word):
        return False
    if word in PARTS and _TAKEN.search(text.letters, end):
        return False  # 종이가방 손잡이 끈 떼야 돼요: asked of a part
    if word in text.letters[:end]:  # 스프링노트 스프링: said of the name before
        return False
    following = text.words[number + 1] if number + 1 < len(text.words) else ""
    if _SOIL.match(word) or _SOILED.match(following) or (word in _WORN_OF and WORN.match(following)):
        return False  # 피자 박스 기름 묻은 것: the noun says what is on it
    ends = not following or _marked(word) or QUESTION.match(following)
    return bool(ends or _NO_HEAD.match(following) or _DEPENDENT.fullmatch(following))


def unknown_tail(text: Utterance, end: int, known: frozenset[int]) -> bool:
    """Whether the word goes on after the name up to `end` with a noun that nothing is known of: 키보드**키캡**."""
    rest = text.rest(end)
    if len(rest) < 2 or text.stands_alone(end) or any(end <= place < end + len(rest) for place in known):
        return False
    return is_noun(rest)


def is_noun(word: str) -> bool:
    """Whether a word may be a noun, with or without a particle: no verb, adverb or part of the asking."""
    if _DEPENDENT.fullmatch(word) or _NO_HEAD.match(word) or QUESTION.match(word) or PARTICLE.fullmatch(word):
        return False
    if _ADJECTIVE.fullmatch(word):
        return False
    stem = re.sub(r"(?<=..)(은|는|이|가|을|를|도|만|이에요|예요|에요|이요|인데요?)$", "", word)
    return bool(stem) and not _FUNCTION_END.search(stem) and not (stem == word and _ADNOMINAL.search(stem))


def _marked(word: str) -> bool:
    return re.search(r"(은|는|이|가|을|를|도|만)$", word) is not None
