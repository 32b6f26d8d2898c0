"""Which of the things that a text names it is about: what the words around a name say of it.

Korean marks the topic and the object with particles, says with others where something goes, and puts the head of a
phrase last. What is only a place, a part to take off or a class that is asked about is beside the point.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


def listed(text: str) -> frozenset[str]:
    """The words of a text, to be looked up."""
    return frozenset(text.split())


_OBJECT = re.compile(r"(들)?(은|는|을|를|도|만|이랑|랑|하고|과|와|이에요|예요|에요|이야|야|입니다|인데|이요)")
_PLACE = re.compile(  # a particle that says where it goes, or that another thing was on it
    r"(들|류)?(으로|로|에(붙|달|꽂|끼|깔|걸|덮|씌|감|묶|얹|올|담|넣)[가-힣]{0,2}(았|었|였|렸|겼|혔|웠|려있|어있|겨있|혀있)?던|에.{1,7}(았|었|였|렸|겼|혔|웠)던(?!거|것)|에(?!.{0,12}(녹이|녹슬|금이|구멍|기스|흠집|스크래치|곰팡이|얼룩|묻|뭍|붙|달려|달렸|달린|끼|꽂|박힌|배(?!출|달)|밴|튀|튐|흘|닫|스며|칠|남(았|아|은거|은것|은채)))|에서|에다)"
)
_ELSEWHERE = re.compile(  # where it goes, or what another thing was in, on or from; what is not there or kept
    r"(은|는|이|가|도)?(없어요|없는데|없음)$|(은|는|이|가|도)?(계속|그냥|더)?(쓸거|쓸건|쓸꺼|쓸껀|쓰고있|안버릴|안버리|남길|놔둘)|(들|류)?((안|위|밑|옆|사이)에?(든|들은|들어있는|깔린|깐|넣은|넣었던|끼운|낀|꽂힌|꽂은)|속(?=[가-힣]{2})(?!은박|호일)|(안|위|밑|옆)에(있|들|붙|달|든|깔|걸)[가-힣]{0,3}던|함|통에|수거함(?!(이|은|도)?.{0,14}(없|어디|멀|못찾))|봉투에|용기에|처럼|같은|.{0,5}말고|(이|가|도)?섞(?!(이면|여도|어도|으면)(안)?(되|돼|괜찮))|(을|를)?사(야|나요|요|서|면)|아니|이아니|가아니|대신|(으로|로)?(감아|감고|붙여서|둘러서)"
    r"|(엮은|엮었던|묶은|묶었던|매단|동여맨)(?=[가-힣])(?!거|것|데|채)|묻은|묻어|구운(거|것|데)|굽던|담은(거|것)|먹고|다먹|마시고|(을|를)?(준다|주나|주죠|준대|주는(?=[가-힣])|바꿔)|(을|를)?(넣는|거는|꽂는|보관하는|깎는|써는|자르는|찌는|볶는|굽는|가는|다지는)(?=[가-힣])(?!거|것|데|곳|법|방법|시간|날)|(을|를)?(시키고|시켜|주문해|주문하)|(이|가|을|를)?(담|들었|들어있|든(?!든)|감싼|감싸|쌌|싼(?=[가-힣])|싸는|싸던|포장|배송|받친|얹))"
)
_ASKED_CLASS = re.compile(
    r"(류)?(이?라(는데|던데|면서|고)|되나|되는|돼|괜찮|가능|인가|인지|인거|맞|일까|인데|이에요|예요|에요|이야|야|입니까|이죠|죠|이냐|냐)"
)
RUNS_ON = re.compile(  # of a battery: the thing that takes it is meant
    r"[식형용]|(가|이|를|을|도)?(들어가|들어간|들어있|넣는|넣어야|끼우는|끼워야)"
)
_FOIL = listed("은박 은박지 호일")
_LINED = re.compile(
    r"(봉지|봉투|포장지|껍질|파우치|믹스)(속|안|안쪽|안에|속에|안쪽에|이|가|은|는)?$"
)  # 과자봉지 은박: the bag is meant
BATTERIES = ("건전지", "배터리", "밧데리")
_PAID = re.compile(
    r"(은|는|를|을)?(어디서|어디에서|어떻게|얼마)?(사(?!진)|파(?=나|는|세|냐|요|려|$)|팔|끊|발급|구매|뽑|붙이|붙여|얼마|몇원|비용)"
)
_ORDERED = re.compile(
    r"(을|를)?(시켰|시키면|주문했|주문하면)"
)  # 치킨 시켰는데 무가 남았어: what came with it
_SOLD = re.compile(r"(어디서|어디에서|에서|누가|따로)$")  # 스티커 어디서 파나요
_PERMITS = listed("스티커 딱지 필증")  # of something bulky
_FILLINGS = listed("털 솜 깃털 오리털 거위털 구스 구스털 충전재 스펀지")
_COMES_OUT = re.compile(  # 찢어져서 털 나오는데: the thing that it comes out of is meant
    r"(이|가|도)?(자꾸|막|다|계속)?(나오|나와|나왔|빠지|빠져|빠졌|삐져|튀어|날리|날려)(?!(은|ㄴ)?(거|것))"
)
_VISIT = re.compile(r"(해서|을|도|으로)?(수거|신청|접수|예약|회수|서비스)")  # 방문 is no door
_FOLDED = re.compile(r"(처럼|모양으로|모양|로|를)?접")  # 딱지 접어서: how a bag is folded
JOINED = re.compile(  # 칼이나 가위; not 국물이 나오는, 칼이 나가서
    r"(들)?((이?랑|하고|와|과|및|그리고)(?!같이|함께|섞)|이?나(?![온왔올간갔눠누는던요]|오(?!이|븐|징)|가(?!위|방|구|발|죽|지|스)))"
)
_TOPIC = re.compile(r"(들)?(은|는)")
_THIS = re.compile(r"((이|저|그|요)(거|것|건|게)(는|은|도|들은)?)?(혹시|다|그냥)?")
_IS = re.compile(r"이?에요|예요|입니다|이야|야")
_COPULA = re.compile(r"(이?에요|예요|이야|야|입니다|이죠|죠|인데|인가|인지|일까|이고)")
_MARKED = re.compile(r"(들)?(은|는|을|를)")
PART = re.compile(
    r"(은|는|을|를|도|이|가)?(있|조금남|좀남|남았|남아|가득|꼭|다|따로|굳이|안|못)?"
    r"(떼(?!어낸(거|것|건))|뗀|뗄|뗐|뺀|뺐|없는|없음|있는|뜯어|뜯고|뜯지|뜯은|닫|제거|빼야|빼고|빼나|벗|까지|째|통째|붙|달린|달렸|씌|덮인|덮여|감긴|묶인|꽂|이?랑같이|하고같이|와같이|과같이|(따라)?버리고(?=.{0,8}(씻|헹|말|내놓))|비우고(?=.{0,8}(씻|헹|말|내놓))|떨어지|(남|붙|묻|있)(아도|어도|은채|었는데|았는데|어있는데))"
    r"|(이|가|은|는|도)?(잘|도저히|절대)?(안|못)(빠|빼|떨어|뜯|분리)"
)
WORN = re.compile(  # what may have happened to a part of the thing that is meant: 가방 끈 떨어진 것
    r"(이|가|만|도)?(다|좀|조금|살짝)?(떨어(진|져|졌|짐)|끊어|끊긴|부러|빠진|빠져|빠졌|빠짐|안빠|안나|나간|나갔|나감|고장|멀쩡|닳|벗겨|찢어|터(진|졌)|망가|금간|깨(진|졌))"
)
PARTS = listed(
    "끈 손잡이 자루 다리 바퀴 날개 지퍼 단추 굽 밑창 뚜껑 고무 고무줄 줄 살 액정 화면 버튼 커버 받침 헤드 케이블 코드"
    " 필터"
)
_SOIL = re.compile(
    r"(자국|얼룩)(이|은|만|도)?|(색깔?|냄새|얼룩)(이|가|은)?(든|들었|들어|배|밴|안빠|남)|(쩐|찌든)?냄새(가)?(많이|심하게)?나는(?=[가-힣])(?!거|것|데|건|게)|(이|가|도)?(안|조금|좀|살짝|많이|잔뜩|약간)?(튐|묻|뭍|배었|배어|배인|베인|밴|벤(?=거|것|건|데|채|상태|통|용|컵|박|종|그|옷|천|게|$)|튄|튀었|흘린|들러붙|칠한|칠해|샌거|샜던|만진|만졌)"
)
_LEFT_OVER = ("나온", "남은", "남는", "생긴", "나오는", "뜯은")
HEADS = sorted(  # what the parts and containers of things are called
    listed(
        """껍질 껍데기 씨 뼈 가시 심 심지 꼭지 뿌리 알맹이 찌꺼기 기름 국물 가루 조각 스프 수프
        통 병 팩 곽 갑 봉지 봉투 상자 박스 용기 그릇 컵 캔 깡통 캡슐 망 그물 포장지 비닐 튜브 판 케이스 트레이 접시 포대
        페트병 유리병 뚜껑 라벨 모래 펌프 배터리 건전지 필터 장난감 인형 칫솔 면도기 저울"""
    ),
    key=lambda head: (-len(head), head),
)
GENERIC = listed(  # stand for a material or a class rather than one thing
    """음식물 음식물쓰레기 음식쓰레기 음쓰 의약품 폐의약품 약
    화장품 옷 의류 고철 쇠 캔 깡통 고무 실리콘 천 은박 비닐 스티로폼
    박스 상자 종이상자 봉지 그릇 통 물통 휴지통 쓰레기통 유리병 페트병 페트 투명페트병 무색페트병 플라스틱용기 복합재질
    뚜껑 플라스틱뚜껑 병뚜껑 라벨 테이프 스티커 끈 튜브 필터 배터리 건전지 기름 국물 국 먼지 재 돌 흙
    사진 카드 파일 시계 매트 칼 거울 전구 초 면 무 배 감 회"""
)
_CLASSES = listed("음식물 음식물쓰레기 음식쓰레기 음쓰 비닐 스티로폼")
SUPPOSED = re.compile(r"(로|은|도|만)?(알|몰|모르)")  # 다 쓴 줄 알았는데 names no string
_SURE = -1.0  # a topic below this weight is probably not what the sentence is about


_NAMES_NOTHING = {"줄": SUPPOSED, "딱지": _FOLDED, "방문": _VISIT}  # by what follows
_SAID_BEFORE = {"파": _SOLD, **dict.fromkeys(_FOIL, _LINED)}


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text: as `normal` spells it, the letters around it and where it stands in them.

    `glued` is whether its word goes on after it, so that a particle may follow: of 김 은박 봉지 nothing is 김은.
    A compound told apart stands where its head does, so that it may be longer than its place.
    """

    name: str
    before: str
    after: str
    start: int = 0
    end: int = 0
    glued: bool = True
    counted: bool = False
    modifies: bool = False
    qualified: bool = False  # by a noun that is no name

    @property
    def generic(self) -> bool:
        """Whether the name stands for a material or a class rather than one thing."""
        return self.name in GENERIC

    @property
    def apart(self) -> bool:
        """Whether the name is a compound whose words stand apart: 호일 다 쓴 심."""
        return len(self.name) > self.end - self.start

    @property
    def weight(self) -> float:
        """How much speaks for the sentence being about it.

        Marked as topic or object, or as what is left over, counts for a mention. Being a place to put it
        (음식물 통에), a thing that held it (컵라면에 남은 국물), a measure (한 냄비), a part to take off
        (라벨을 떼고), a class asked about (음식물인가요) or a word before another name (수은 건전지) counts against it.
        """
        weight = -0.5 if self.generic else 0.0
        if _SOIL.match(self.after):
            return weight - 4
        if self.counted or self.placed or _ELSEWHERE.match(self.after):
            return weight - 3
        if self.name in _FILLINGS and _COMES_OUT.match(self.after):
            return weight - 3
        if self._of_another():
            return weight - 4
        if self.name in _PERMITS and _PAID.match(self.after):
            return weight - 3
        if self.name.endswith(BATTERIES) and RUNS_ON.match(self.after):
            return weight - 3
        if self.generic and _ASKED_CLASS.match(self.after) and not self._told:
            return weight - 2
        if self.modifies:
            return weight - 0.9
        if PART.match(self.after) or (self.name in PARTS and WORN.match(self.after)):
            return weight - 1.2
        weight += 1.5 if self.before.endswith(_LEFT_OVER) else 0
        return weight + (1 if self.glued and _OBJECT.match(self.after) else 0)

    @property
    def _told(self) -> bool:
        """Whether the sentence says no more than that it is a battery: 이거 건전지예요; of a class it may ask that."""
        battery = self.name.endswith(BATTERIES)
        return battery and bool(_THIS.fullmatch(self.before) and _IS.fullmatch(self.after))

    def _of_another(self) -> bool:
        """Whether the name is part of a phrase that names something else: 방문 수거, 딱지처럼 접어서, 과자봉지 은박."""
        after, before = _NAMES_NOTHING.get(self.name), _SAID_BEFORE.get(self.name)
        return bool((after and after.match(self.after)) or (before and before.search(self.before)))

    @property
    def placed(self) -> bool:
        """Whether a particle says that it is a place: 통에, 병으로."""
        return self.glued and _PLACE.match(self.after) is not None

    @property
    def marked(self) -> bool:
        """Whether it is marked as what the sentence is about or acts on: 병은, 병을."""
        return self.glued and _MARKED.match(self.after) is not None and self.weight > _SURE

    @property
    def with_content(self) -> bool:
        """Whether it is a container that is named with what is in it: 봉지째."""
        return self.after.startswith("째") and self.name.endswith(tuple(HEADS))

    @property
    def standing(self) -> float:
        """The weight beside that of others."""
        return self.weight - (0.6 if self.generic else 0) - (0.6 if self.modifies else 0)

    @property
    def heads(self) -> bool:
        """Whether a name right before it only says which one is meant."""
        return self.weight > _SURE and self.name not in _CLASSES

    @property
    def sure(self) -> bool:
        """Whether the sentence may be taken to be about this."""
        return self.weight > _SURE and not (self.generic and self.qualified)


def topic(found: Sequence[Mention]) -> Mention | None:
    """The mention that the sentence is about; of equals the last, for Korean puts the head last.

    A thing comes before a material or a class, unless much more speaks for that.
    """
    meant = [
        each
        for each in found
        if not (_ORDERED.match(each.after) or _of_before(each, found) or _said_of(each, found))
    ] or found
    return max(enumerate(meant), key=lambda pair: (pair[1].standing, pair[0]))[1] if meant else None


def _of_before(part: Mention, found: Sequence[Mention]) -> bool:
    """Whether a part is that of the thing named before it, which has it in its name: 지퍼백 지퍼 부분."""
    return part.name in PARTS and any(
        each.end <= part.start and each.name.startswith(part.name) for each in found if each is not part
    )


def _said_of(predicate: Mention, found: Sequence[Mention]) -> bool:
    """Whether it is only what another thing is said to be: 헌 옷 of 가발은 헌 옷이에요, 쓰레기예요."""
    return _COPULA.match(predicate.after) is not None and any(
        each.end + 1 == predicate.start and predicate.before[-1] in "은는" and not each.generic
        for each in found
    )


def asked_together(found: Sequence[Mention], about: Mention) -> list[Mention]:
    """The mentions that a question asks about in one breath with `about`, itself among them: 병이랑 뚜껑은."""
    group: list[Mention] = []
    for this, following in zip(found, [*found[1:], None], strict=True):
        group.append(this)
        joined = following and JOINED.match(this.after) and following.start - this.start < len(this.name) + 8
        both = following and _TOPIC.match(this.after) and _TOPIC.match(following.after)
        if not joined and not both:
            if about in group:
                return [each for each in group if each is about or each.weight > _SURE]
            group = []
    return [about]
