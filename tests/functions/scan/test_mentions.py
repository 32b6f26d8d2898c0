from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from functions.scan.mentions import Names
from functions.scan.topics import topic
from functions.scan.utterance import LONGEST, normal

NAMES = Names(
    frozenset(
        normal(name) for name in ["병", "유리병", "라벨", "달걀 껍데기", "달걀", "냄비", "종이컵", "컵"]
    )
)


def named(text: str) -> list[str]:
    return [mention.name for mention in NAMES.mentions(text)]


def about(text: str) -> str | None:
    mention = topic(NAMES.mentions(text))
    return mention.name if mention else None


def test_normal_keeps_letters_and_digits_in_one_case() -> None:
    assert normal("  LED 전구, (2)개! ") == "led전구2개"


def test_the_longest_name_is_taken_and_names_do_not_overlap() -> None:
    assert named("유리병과 종이컵") == ["유리병", "종이컵"]


def test_spaces_within_a_name_do_not_matter() -> None:
    assert named("유리 병을 종이 컵에") == ["유리병", "종이컵"]


def test_a_short_name_must_be_a_word_but_for_particles() -> None:
    assert named("병은요") == ["병"]
    assert named("병원에 갔어요") == []
    assert named("난치병") == []


def test_letters_of_two_words_are_no_name() -> None:
    assert named("이유리 병문안") == []


def test_a_compound_may_be_told_apart() -> None:
    assert about("달걀 까고 나온 껍데기는 어디에") == normal("달걀 껍데기")


def test_a_place_to_put_it_is_not_what_the_question_is_about() -> None:
    assert about("라벨을 유리병에 버려요?") == "라벨"
    assert about("유리병 라벨까지 버려요?") == "유리병"


def test_what_a_thing_is_said_to_be_is_not_what_the_question_is_about() -> None:
    assert about("달걀은 유리병이에요 아니에요") == "달걀"
    assert about("라벨은 유리병인가요") == "라벨"


def test_a_measure_is_not_what_the_question_is_about() -> None:
    assert about("달걀 한 냄비") == "달걀"


def test_no_mention_is_no_topic() -> None:
    assert topic([]) is None


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert named("가" * LONGEST + " 유리병") == []


@given(st.text(max_size=60))
def test_any_text_is_read_without_failing(text: str) -> None:
    letters = normal(text)
    assert all(
        mention.name in NAMES.all and 0 <= mention.start <= len(letters) for mention in NAMES.mentions(text)
    )


@given(
    st.lists(
        st.sampled_from(["유리병", "종이컵", "은", " ", "에", "한 ", "라벨", "껍데기", "달걀", "안"]),
        max_size=400,
    )
)
def test_korean_text_of_names_and_particles_is_read_without_failing(parts: list[str]) -> None:
    assert all(mention.weight <= 2.5 for mention in NAMES.mentions("".join(parts)))
