from __future__ import annotations

import re

import pytest

from functions.scan.classification import NOTHING, Classification, Outcome
from functions.scan.compose import OFFLINE, WAVERING, compose, insufficiencies
from functions.scan.defaults import DEFAULT_INPUT, RECYCLABLE
from functions.scan.events import Answer
from functions.scan.inquiry import ask
from functions.scan.korean import with_particle
from functions.scan.retrieval import retrieve
from functions.scan.rules import Rule, rules
from functions.scan.taxonomy import taxonomy
from functions.scan.wording import AGAIN, own_way


def recyclable(middle: str, minor: str | None = None) -> Classification:
    return Classification(major_category=RECYCLABLE, middle_category=middle, minor_category=minor)


def answer(
    where: Classification,
    tags: list[str] | None = None,
    said: str = DEFAULT_INPUT,
    *,
    offline: bool = False,
    candidates: tuple[Classification, ...] = (),
) -> Answer:
    match = retrieve(where, where.minor_category, tags or [], said)
    return compose(where, match, tags or [], said, offline=offline, candidates=candidates)


def sentences(text: str) -> int:
    return len(re.findall(r"[.!?](?=\s|$)", text))


def test_steps_are_numbered_from_1_and_only_those_in_use() -> None:
    steps = answer(recyclable("유리병", "소주병")).disposal_steps
    assert list(steps) == ["단계1", "단계2", "단계3"]
    assert all(steps.values())


def test_what_the_photo_shows_still_has_to_be_done() -> None:
    made = answer(recyclable("무색페트병", "생수병"), ["라벨이 붙어 있음", "내용물이 남음", "투명함"])
    assert made.insufficiencies == ["라벨을 떼어 주세요.", "남은 내용물을 비워 주세요."]
    assert "라벨을 떼어 주세요" in made.user_answer


def test_a_closed_cap_is_right_on_a_clear_bottle_and_wrong_on_glass() -> None:
    assert answer(recyclable("무색페트병"), ["뚜껑이 닫혀 있음"]).insufficiencies == []
    assert answer(recyclable("유리병"), ["뚜껑이 닫혀 있음"]).insufficiencies


@pytest.mark.parametrize("tags", [["라벨 없음", "내용물 없음", "깨끗하게 헹궈짐"], ["no such tag", ""], []])
def test_nothing_is_left_to_do_for_what_is_done_or_unknown(tags: list[str]) -> None:
    assert answer(recyclable("무색페트병"), tags).insufficiencies == []


def test_what_has_become_another_category_earns_no_reward() -> None:
    where = recyclable("유리병", "소주병")
    made = answer(where, said="떨어뜨려서 깨졌어요")
    assert made.insufficiencies
    assert "신문지" in made.disposal_steps["단계2"]
    assert "유리병 수거함에 넣" in made.user_answer


def test_insufficiencies_repeat_nothing_and_need_no_match() -> None:
    where = recyclable("플라스틱류")
    assert insufficiencies(where, ["라벨이 붙어 있음", "라벨이 붙어 있음"]) == ["라벨을 떼어 주세요."]


def test_the_offline_model_says_that_it_is_one() -> None:
    assert OFFLINE in answer(recyclable("금속류"), offline=True).user_answer
    assert "오프라인" not in answer(recyclable("금속류")).user_answer


def test_without_an_item_the_first_step_is_said() -> None:
    assert "먼저 깨끗하고 마른 것만 골라요." in answer(recyclable("의류및원단")).user_answer


def test_of_a_material_alone_the_answer_says_what_decides() -> None:
    assert "투명 페트병으로, 그 밖의 깨끗한 플라스틱 용기면" in answer(recyclable("플라스틱류")).user_answer


def test_two_candidates_are_both_named() -> None:
    made = answer(
        recyclable("금속류"),
        [WAVERING],
        offline=True,
        candidates=(recyclable("금속류"), recyclable("유리병")),
    )
    assert "금속류" in made.user_answer and "유리병" in made.user_answer
    assert made.insufficiencies  # not sure is not done
    assert sentences(made.user_answer) <= 3


def test_an_item_that_only_the_user_named_is_asked_back() -> None:
    made = answer(recyclable("유리병", "소주병"), [WAVERING], "소주병이에요")
    assert made.user_answer.startswith("혹시 소주병이 맞나요?")
    assert made.insufficiencies


def test_what_the_user_named_is_answered_first_and_what_the_photo_shows_apart_from_it() -> None:
    made = answer(recyclable("종이", "골판지 상자"), said="안에 있던 건전지는요?")
    assert made.user_answer.startswith("건전지는 폐건전지함에 넣어 주세요.")
    assert "사진 속 물건이 골판지 상자라면 종이류로 나눠 주세요." in made.user_answer
    assert made.insufficiencies  # nothing is won by a box that is none


def test_a_guess_is_asked_in_the_users_own_words() -> None:
    made = answer(NOTHING, said="물어뜯은 나일론 조각 버리는 법")
    assert made.user_answer.startswith("말씀하신 ‘물어뜯은 나일론 조각’, 혹시 ")
    assert sentences(made.user_answer) <= 3


def test_without_a_rule_the_answer_is_fixed_and_asks_what_it_is() -> None:
    made = answer(NOTHING, said="끄르끄륵 어떻게 버려요?")
    assert "‘끄르끄륵’은" in made.user_answer and "분리배출.kr" in made.user_answer
    assert "알아보지 못했어요" in made.user_answer and made.user_answer.endswith("?")
    assert made.disposal_steps  # the client shows a blank page without steps
    assert made.insufficiencies == []


@pytest.mark.parametrize("outcome", ["no_waste", "unsafe", "unreadable"])
def test_other_outcomes_have_their_own_helpful_answer(outcome: Outcome) -> None:
    made = compose(NOTHING, None, [], DEFAULT_INPUT, outcome=outcome)
    assert "다시 찍어" in made.user_answer and made.disposal_steps
    assert "이코" in made.user_answer


def test_every_item_in_any_condition_is_answered_in_at_most_three_sentences_or_by_its_whole_safe_path() -> (
    None
):
    tags = list(taxonomy().tags)
    for number, item in enumerate(taxonomy().items):
        where = Classification(
            major_category=item.major, middle_category=item.middle, minor_category=item.name
        )
        for seen in ([], [tags[number % len(tags)], tags[(number * 7) % len(tags)]]):
            made = answer(where, seen, offline=True)
            match = retrieve(where, item.name, seen, DEFAULT_INPUT)
            if match and match.finding == "hazard":
                assert all(sentence in made.user_answer for sentence in match.dangers[0].sentences)
            else:
                assert 1 <= sentences(made.user_answer) <= 3, made.user_answer
            assert made.disposal_steps and all(made.disposal_steps.values())


def test_the_same_question_has_the_same_answer() -> None:
    assert answer(recyclable("유리병"), ["깨짐"]) == answer(recyclable("유리병"), ["깨짐"])


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("유리병", "유리병으로"),
        ("종이류", "종이류로"),
        ("고철", "고철로"),
        ("CD", "CD로"),
        ("금속류(캔·고철)", "금속류(캔·고철)로"),
    ],
)
def test_particles_follow_the_last_sound(word: str, said: str) -> None:
    assert with_particle(word, "으로", "로") == said


def test_a_day_of_collection_is_told_beside_what_is_to_know_of_the_item() -> None:
    told = reply("과자 봉지", "서울 강남구")
    assert "목요일에" in told and "부스러기를 털고" in told and told.endswith("(서울특별시 강남구 기준)")


def test_another_way_of_a_region_is_told_instead_of_the_general_one() -> None:
    told = reply("도자기 그릇", "진주시")
    assert "종량제봉투에 담아요" in told and "흙으로 구운" not in told


def reply(text: str, region: str | None = None) -> str:
    return ask(text, region).answer


def test_things_that_go_the_same_way_are_told_in_one_sentence() -> None:
    made = answer(NOTHING, said="우유팩이랑 두유팩 같이 버려요?")
    assert made.user_answer.startswith("우유팩과 두유팩은 종이팩 수거함에 따로 넣어 주세요.")


def test_a_thing_in_a_state_is_named_as_its_owner_called_it() -> None:
    assert answer(NOTHING, said="구멍 난 양말").user_answer.startswith("구멍 난 양말은 종량제봉투에")
    assert answer(NOTHING, said="양말인데 구멍이 났어요").user_answer.startswith("양말은 종량제봉투에")


def test_where_a_thing_goes_is_not_said_twice() -> None:
    assert answer(NOTHING, said="틀니").user_answer == "틀니는 종량제봉투에 버려 주세요."


def test_a_part_of_what_is_dangerous_is_no_other_thing() -> None:
    assert "금속류" not in answer(NOTHING, said="주사기 바늘").user_answer


def test_a_loss_is_not_opened_as_a_danger() -> None:
    assert answer(NOTHING, said="키우던 고양이가 죽었어요").user_answer.startswith("마음이 아프시겠어요.")


def test_a_material_alone_on_the_photo_is_not_told_as_a_second_thing() -> None:
    made = answer(recyclable("플라스틱류"), said="우유팩이에요").user_answer
    assert made.startswith("우유팩은") and "사진은 플라스틱류 쪽으로 보이니, 다른 물건이면" in made
    trash = Classification(major_category="일반종량제폐기물", middle_category="일반종량제폐기물")
    assert "사진" not in answer(trash, said="과자 봉지").user_answer


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("핫팩", "핫팩은 다 식은 뒤 종량제봉투에 버려 주세요."),
        ("콘돔", "콘돔은 휴지에 싸서 종량제봉투에 버려 주세요. 변기에 버리지 않아요."),
        ("노트북 배터리", "노트북 배터리는 단자를 절연 테이프로 막아 폐건전지함에 넣어 주세요."),
        ("통조림 캔", "통조림 캔은 금속류(캔·고철)로 나눠 주세요."),
    ],
)
def test_how_and_where_are_told_in_one_sentence(said: str, first: str) -> None:
    assert answer(NOTHING, said=said).user_answer.startswith(first)


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.key)
def test_no_note_says_again_where_its_thing_goes(rule: Rule) -> None:
    again = AGAIN.get(rule.category.middle)
    for target in rule.targets:
        told = reply(target.item) if again and not target.way else ""
        _, *rest = re.split(r"(?<=[.!?])\s+", told)
        assert again is None or not [each for each in rest if again.fullmatch(each.rstrip("."))], told


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("소파 버리는 데 얼마예요", "시·군·구에 따라 다르니 신고할 때 확인해 주세요"),
        ("프린터는 무료로 가져가나요", "돈이 들지 않아요"),
        ("도자기 그릇 멀쩡한데 기부되나요", "재활용센터나 나눔가게"),
        ("유리병", "유리병은 재활용품으로 따로 나눠 주세요."),
        ("음식물 쓰레기", "음식물 쓰레기는 전용 봉투나 수거함에 버려 주세요."),
        ("치킨 먹고 나온 트레이", "트레이는 플라스틱류로"),
        ("비닐하우스 비닐 걷은 거", "마을 공동 집하장에"),
        ("바늘이랑 압정은요?", "다치지 않게 테이프로 감싸거나"),
        ("담뱃재랑 숯 탄 거 바로 봉투에 넣어도 돼요?", "완전히 식혀요"),
        ("선풍기 한 대만도 가지러 오나요?", "작은 것은 다섯 점부터"),
        ("내열유리 냄비 유리병에 넣어도 돼요?", "내열유리 냄비는 불연성"),
        ("페트병에 담배꽁초 들어있으면 어떻게 버려요", "담배꽁초는 종량제봉투에 버려 주세요."),
        ("딸기잼 든 유리병", "딸기잼은 음식물 쓰레기로 버려 주세요."),
        ("담배꽁초 든 페트병", "담배꽁초는 종량제봉투에 버려 주세요."),
        ("이상한 욕조 발", "혹시 욕조인가요?"),
    ],
)
def test_what_is_asked_is_told(asked: str, told: str) -> None:
    assert told in reply(asked)


@pytest.mark.parametrize("asked", ["케첩통은 얼마나 씻어야 해요", "소주병은 얼마나 깨끗해야 하나요"])
def test_how_well_is_no_question_of_money(asked: str) -> None:
    assert "돈이 들지" not in reply(asked)


def test_a_day_that_is_asked_of_nothing_named_is_told_without_a_guess() -> None:
    told = reply("재활용은 무슨 요일에 내놔요")
    assert told.startswith("내놓는 요일과 시간은") and "혹시" not in told


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("투명 페트병 언제 내놔요", "내놓는 요일과 시간은 사는 곳마다 다르니"),
        ("비닐 배출 요일 알려 주세요", "내놓는 요일과 시간은 사는 곳마다 다르니"),
        ("소파는 무슨 요일에 버려요?", "내놓는 날은 지자체에 신고할 때 정해요."),
        ("헌 옷 몇 시에 내놔요?", "의류수거함에는 요일과 상관없이 넣을 수 있어요."),
    ],
)
def test_who_asks_for_the_day_is_told_first_who_sets_it(asked: str, first: str) -> None:
    made = answer(NOTHING, said=asked).user_answer
    assert made.startswith(first)
    assert sentences(made) <= 3


def test_of_clear_bottles_the_rule_that_holds_everywhere_is_told_beside_the_day() -> None:
    made = answer(NOTHING, said="투명 페트병 언제 내놔요").user_answer
    assert "2021년 12월부터 투명 페트병을 따로 내놓아요" in made


def test_a_region_that_sets_the_day_is_told_instead() -> None:
    told = reply("투명 페트병은 언제 버려요?", "서울 강남구")
    assert "목요일에" in told.split(".")[0] and "사는 곳마다" not in told


@pytest.mark.parametrize("text", ["유통기한이 언제인지 모르는 과자", "언제 샀는지 모르는 냄비", "우산"])
def test_who_asks_for_no_day_is_told_none(text: str) -> None:
    assert "요일" not in answer(NOTHING, said=text).user_answer


def test_a_hazard_that_is_told_of_several_things_leaves_none_of_them_to_the_usual_way() -> None:
    made = answer(NOTHING, said="라돈 나온다는 베개랑 매트 회수되나요?").user_answer
    assert "내놓지 마세요" in made and "버려 주세요" not in made


def test_what_is_asked_about_beside_a_hazard_is_still_told() -> None:
    assert "식초는" in ask("락스랑 식초는 어떻게 버려요?").answer


@pytest.mark.parametrize(
    "blade", ["톱", "칼", "가위", "송곳", "낫", "도끼", "작두", "커터칼", "면도날", "못", "압정"]
)
def test_who_throws_away_what_cuts_or_pricks_is_told_to_wrap_it(blade: str) -> None:
    made = answer(NOTHING, said=blade)
    assert re.search("싸|담아|감싸|찔리지", made.user_answer)
    assert not any("헹궈" in step for step in made.disposal_steps.values())


@pytest.mark.parametrize(
    ("asked", "care"),
    [("낚시바늘", "다치지 않게"), ("나무손잡이 칼은 나무 떼야 해요?", "다치지 않게")],
)
def test_what_is_asked_back_tells_what_to_be_careful_of(asked: str, care: str) -> None:
    assert care in answer(NOTHING, said=asked).user_answer


@pytest.mark.parametrize("name", sorted(rules()))
def test_a_class_goes_where_its_things_go(name: str) -> None:
    rule = rules()[name]
    told = own_way(rule.name, rule)
    recycled = rule.category.major == RECYCLABLE
    assert recycled or name == "unclassified" or "재활용" not in told, told


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            "와인병도 보증금 주나요?",
            "보증금은 병에 ‘보증금’ 표시가 있는 소주병·맥주병·음료수병만 돌려받아요.",
        ),
        ("소주병 보증금 얼마에요", "빈용기보증금은 보통 크기(360밀리리터) 한 병에 100원이에요."),
        (
            "책상 스티커는 어디서 파나요",
            "스티커(필증)는 시·군·구청 누리집이나 앱, 행정복지센터, 지정 판매소에서",
        ),
        ("대형폐기물 스티커 어디서 사요?", "행정복지센터나 지정 판매소에서 사서 물건에 붙여 주세요."),
        ("대형폐기물 스티커 잃어버렸어요", "다시 받을 수 있는지 먼저 물어봐 주세요."),
        ("선풍기 하나만 있는데 무상수거 되나요?", "한두 대는 소형 가전 수거함에"),
    ],
)
def test_deposits_stickers_and_small_appliances_are_told_as_asked(asked: str, told: str) -> None:
    assert told in ask(asked).answer
