"""What the chat looks up, asked through the whole graph against servers that speak the services' formats."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from functions.chat.graph.lookups import NO_REGION, NO_SEARCH
from functions.chat.inputs.func import inputs
from functions.chat.resume.func import resume
from functions.chat.sweep.func import sweep
from functions.ops.events import SweepRequested
from tests.functions.chat.conftest import Talking
from tests.functions.chat.public_data import PublicDataServer
from tests.functions.chat.talk import BASE, Talk
from tests.functions.providers.conftest import Provider, running

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
HERE = {"latitude": 37.6027, "longitude": 126.9291}


@pytest.fixture
def server() -> PublicDataServer:
    return PublicDataServer()


@pytest.fixture
async def local(server: PublicDataServer, talking: Talking) -> AsyncIterator[Talk]:
    """A user of a platform that may ask public data and Kakao."""
    async with running(server.app) as url:
        names = ("KMA", "MOIS", "ODCLOUD", "KAKAO_LOCAL")
        settings = {f"ECO2_{name}_URL": url for name in names} | {f"ECO2_{name}_KEY": "k" for name in names}
        settings["ECO2_ODCLOUD_POINTS"] = "clothes=15068871/v1/uddi:1"
        settings["ECO2_PUBLIC_DATA_TIMEOUT_S"] = "0.5"
        async with talking(**settings, ECO2_CHAT_INPUT_WAIT_S="1") as talk:
            await (await talk.functions.resources.redis("cache")).flushdb()
            yield talk


async def answer(talk: Talk, message: str, **more: Any) -> str:
    return str((await talk.ask(message, **more))["answer"])


async def test_weather_where_the_user_is_and_in_a_named_town(local: Talk, server: PublicDataServer) -> None:
    server.rain = "1"
    here = await answer(local, "오늘 날씨 어때?", user_location=HERE)
    assert "지금 계신 곳 기온은 3.4도이고 비가 내리고 있어요" in here
    assert "제주시" in await answer(local, "제주시 날씨 알려줘")
    assert {query["nx"] for query in server.queries if "nx" in query} == {"59", "53"}
    assert "내일 부산광역시 기온은" in await answer(local, "내일 부산 날씨 어때?")


async def test_rain_is_told_beside_what_gets_wet(local: Talk, server: PublicDataServer) -> None:
    dry = await answer(local, "신문지 버리는 법", user_location=HERE)
    assert "예보" not in dry
    await (await local.functions.resources.redis("cache")).flushdb()
    server.rain = "3"
    assert "눈 예보가 있어요" in await answer(local, "신문지 버리는 법", user_location=HERE)


@pytest.mark.parametrize("fault", ["error", "key", "hang"])
async def test_a_service_that_is_down_blocks_no_answer(
    local: Talk, server: PublicDataServer, fault: str
) -> None:
    server.fault = fault
    said = await answer(local, "소파 버리는 수수료 알려줘", user_location=HERE)
    assert "소파는 대형폐기물로 신고해 주세요" in said
    assert "찾아보지 못했어요" in await answer(local, "오늘 날씨 어때?", user_location=HERE)


async def test_fees_and_contacts_are_those_of_the_users_region(local: Talk, server: PublicDataServer) -> None:
    said = await answer(local, "텔레비전 버리는 스티커 얼마예요?", user_location=HERE)
    assert "서울특별시 은평구 수수료: 텔레비전" in said
    assert "42인치 이상 9,000원" in said
    assert "은평구 대형폐기물 품목별 수거기준 및 비용, 2026년 11월 확인" in said
    assert "자원순환과 02-000-0000" in said
    assert "099-999-9999" not in said
    server.region = ("가상특별시", "없는구")
    elsewhere = await answer(
        local, "텔레비전 버리는 스티커 얼마예요?", user_location={**HERE, "latitude": 37.4}
    )
    assert "원 (" not in elsewhere
    assert "02-000-0000" not in elsewhere
    assert NO_REGION in await answer(local, "텔레비전 버리는 스티커 얼마예요?")


async def test_a_region_that_was_named_holds_for_the_conversation(local: Talk) -> None:
    chat = await local.begin()
    assert "대구광역시 서구 수수료: 서랍장 6단 8,000원" in await answer(
        local, "대구 서구 살아요. 서랍장 스티커 얼마예요?", chat=chat
    )
    assert "대구광역시 서구 수수료: 거울" in await answer(local, "거울 버리는 스티커는 얼마예요?", chat=chat)


async def test_what_is_taken_for_nothing_is_told_so_with_the_date_of_the_table(local: Talk) -> None:
    said = await answer(local, "성남에 살아요. 냉장고 버리는 스티커 얼마예요?")
    assert "경기도 성남시 수수료: 냉장고 모든 규격 무료" in said
    assert "성남시 대형폐기물 수거기준정보(공공데이터포털), 2026년 1월 기준" in said


async def test_boxes_near_by_come_from_the_files_of_municipalities(
    local: Talk, server: PublicDataServer
) -> None:
    said = await answer(local, "근처 헌옷수거함 어디야?", user_location=HERE)
    assert "1. 의류수거함 (111m) - 서울 은평구 시험로 1" in said
    assert "Infuser k" in server.headers
    office = await answer(local, "근처 건전지 수거함 어디야?", user_location=HERE)
    assert "1. 시험동 행정복지센터" in office
    assert "가기 전에 있는지 확인해 주세요" in office


async def test_other_places_are_those_that_were_not_told(local: Talk) -> None:
    chat = await local.begin()
    first = (await local.ask("근처 헌옷수거함 어디야?", chat, user_location=HERE))["answer"]
    assert "서울 은평구 시험로 1" in first
    second = (await local.ask("거기 말고 다른 곳은?", chat, user_location=HERE))["answer"]
    assert "서울 은평구 시험로 1" not in second and "헌" in second
    assert "다른 의류수거함 위치는 찾지 못했어요" in second or "1. " in second
    here = {"latitude": 37.5563, "longitude": 126.9723}
    shops = await local.begin()
    assert (
        "[예시] 리필 상점"
        in (await local.ask("가까운 리필 매장 찾아줘", shops, user_location=here))["answer"]
    )
    others = (await local.ask("다른 데는 없어?", shops, user_location=here))["answer"]
    assert "[예시] 리필 상점" not in others


async def test_a_yes_or_no_about_what_was_told_repeats_no_steps(local: Talk) -> None:
    chat = await local.begin()
    first = (await local.ask("라면 봉지는 어떻게 버려?", chat))["answer"]
    assert "1. " in first
    again = (await local.ask("그거 씻어야 해?", chat))["answer"]
    assert again.startswith("네, 가루를 털거나 헹궈 말린 뒤 모아요.") and "1. " not in again
    lamp = await local.begin()
    await local.ask("형광등 깨졌는데 어떻게 버려요?", lamp)
    danger = (await local.ask("그거 형광등 수거함에 넣어도 돼?", lamp))["answer"]
    assert danger.startswith("안 돼요.") and "장갑을 끼고" in danger and "1. " in danger


async def test_what_is_asked_for_is_told_first(local: Talk) -> None:
    fee = await answer(local, "대구 서구 살아요. 서랍장 스티커 얼마예요?")
    assert fee.index("서랍장 6단 8,000원") < fee.index("대형폐기물로 신고")
    box = await answer(local, "근처 헌옷수거함 어디야?", user_location=HERE)
    assert box.index("1. 의류수거함") < box.index("헌 옷은 ")
    way = await answer(local, "헌 옷은 어디에 버려?", user_location=HERE)
    assert way.index("헌 옷은 ") < way.index("1. 의류수거함")
    both = await answer(local, "고철 얼마야? 그리고 신문지는 어떻게 버려?")
    assert both.index("1kg에") < both.index("신문은 ")
    danger = await answer(local, "고철 얼마야? 그리고 부탄가스는 어떻게 버려?")
    assert danger.startswith("부탄가스")


async def test_what_is_collected_for_nothing_has_no_fee_to_ask_for(local: Talk) -> None:
    said = await answer(local, "냉장고 무상수거 신청 어떻게 해?")
    assert "15990903.or.kr" in said
    assert "수수료" not in said


async def test_a_thing_of_two_words_is_asked_the_same_as_the_one_before(local: Talk) -> None:
    chat = await local.begin()
    await answer(local, "대구 서구 살아요. 서랍장 스티커 얼마예요?", chat=chat)
    assert "대구광역시 서구 수수료: 거울" in await answer(local, "그럼 큰 거울은?", chat=chat)


async def test_words_that_name_no_thing_beside_the_weather_are_no_thing(local: Talk) -> None:
    said = await answer(local, "오늘 서울 날씨 어때? 분리수거 내놔도 될까?", user_location=HERE)
    assert "혹시" not in said
    assert "서울" in said


async def test_several_things_are_told_each_and_the_dangerous_first(local: Talk) -> None:
    said = await answer(local, "우산이랑 이불이랑 부탄가스 버리는 법 알려줘")
    assert said.startswith("부탄가스")
    assert said.index("우산") < said.index("이불은")


async def test_what_only_sounds_dangerous_is_told_before_what_is_harmless(local: Talk) -> None:
    said = await answer(local, "우산은 어떻게 버려?\n나무에 바르는 윤 나는 거 남음 어떻게 버려?")
    assert said.index("혹시 페인트") < said.index("우산은")


async def test_what_sounds_dangerous_is_looked_up_though_nothing_says_that_it_is_thrown_away(
    local: Talk,
) -> None:
    assert "혹시 " in await answer(local, "밧데리 살쪘어")


async def test_where_somebody_lives_is_no_part_of_a_things_name(local: Talk) -> None:
    chat = await local.begin()
    said = await answer(local, "강남구 사는데 투명 페트병 언제 버려?", chat=chat)
    assert "목요일에 비닐과 투명 페트병만" in said
    assert "혹시" not in said
    assert "강남구" in await answer(local, "강남구에서 우산은 어떻게 버려?", chat=chat)
    assert "강남구" not in await answer(local, "우산은 어떻게 버려?", chat=chat)


async def test_bottles_are_worth_their_deposit(local: Talk) -> None:
    assert (await answer(local, "소주병 팔면 얼마야?")).startswith("소주병과 맥주병처럼 빈용기보증금")
    assert "100원" in await answer(local, "음료병 하나에 얼마 받아?")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("고마워요", "도움이 되었다니"),
        ("잘 자", "안녕히 가세요"),
        ("고마워, 도움 많이 됐어", "도움이 되었다니"),
        ("안녕! 넌 누구야?", "안녕하세요, 이코예요"),
        ("넌 누구야?", "저는 분리배출을 돕는 이코예요"),
        ("점심 뭐 먹지", "도와 드리기 어려워요"),
        ("너는 뭘 할 수 있어?", "시세"),
    ],
)
async def test_small_talk_is_answered_as_such(local: Talk, message: str, said: str) -> None:
    assert said in await answer(local, message)


async def test_prices_have_month_region_and_source(local: Talk) -> None:
    said = await answer(local, "알루미늄 캔 시세 얼마야?")
    assert "알루미늄캔: 수도권 1kg에 2,924원 (2026년 9월 조사)" in said
    assert (
        "출처: 한국환경공단 재활용가능자원 가격조사 (https://www.data.go.kr/data/3076421/fileData.do)" in said
    )
    assert "페트(PET): 전국 평균 1kg에 605원" in await answer(local, "페트병 팔면 얼마야?")
    assert "시세는 아직 없어요" in await answer(local, "구리 단가 알려줘")
    elsewhere = await answer(local, "부산에 살아요. 알루미늄 캔 시세 얼마야?")
    assert "수도권 1kg에" in elsewhere
    assert "다른 지역의 값이에요" in elsewhere


async def test_an_old_price_is_told_as_one(talking: Talking, tmp_path: Path) -> None:
    row = {"item": "고철", "material": "metal", "words": ["고철"], "region": "전국 평균", "won_per_kg": 300}
    file = tmp_path / "prices.json"
    file.write_text(
        json.dumps({"survey": "조사", "url": "https://x.example", "prices": [{**row, "month": "2022-06"}]})
    )
    async with talking(ECO2_CHAT_PRICES=str(file)) as talk:
        said = await answer(talk, "고철 시세 얼마야?")
    assert "고철: 전국 평균 1kg에 300원 (2022년 6월 조사)" in said
    assert "지금과 다를 수 있어요" in said


async def test_what_can_not_be_done_is_said(local: Talk) -> None:
    assert await answer(local, "올해 분리배출 제도 바뀐 거 있어?") == NO_SEARCH


async def test_news_and_places_come_from_our_own(local: Talk) -> None:
    assert "1. " in await answer(local, "환경 뉴스 보여줘")
    near = await answer(
        local, "가까운 리필 매장 찾아줘", user_location={"latitude": 37.5563, "longitude": 126.9723}
    )
    assert "[예시] 리필 상점" in near


async def test_who_does_not_say_where_is_asked_and_answered_there(local: Talk) -> None:
    job = await local.say(await local.begin(), "근처에 제로웨이스트 가게 있어?")
    assert (await local.deliver()).status_code == 204
    body = {"type": "location", "data": {"latitude": 37.5563, "longitude": 126.9723}}
    path = f"{BASE}/{job}/input"
    given = await local.functions.call(inputs, "POST", path, user=local.user, json=body)
    assert given.json() == {"status": "received", "job_id": job}
    assert (await local.functions.deliver(resume, local.sink.events[-1])).status_code == 200
    events = await local.events(job)
    (needed,) = [one for one in events if one["stage"] == "needs_input"]
    assert (needed["input_type"], needed["timeout"]) == ("location", 1)
    assert "[예시] 리필 상점" in events[-1]["result"]["answer"]
    assert [one["seq"] for one in events] == sorted({one["seq"] for one in events})


async def test_who_does_not_answer_is_not_asked_again(local: Talk) -> None:
    chat = await local.begin()
    job = await local.say(chat, "근처에 제로웨이스트 가게 있어?")
    await local.deliver()
    database = await local.functions.resources.database()
    await database.run(
        "UPDATE chat.turns SET waits_until = now(), "
        "swept_at = now() - interval '1 min', created_at = now() - interval '1 min'"
    )
    await local.functions.deliver(sweep, SweepRequested())
    assert (await local.functions.deliver(resume, local.sink.events[-1])).status_code == 200
    assert "동네 이름이나 현재 위치를 알려 주시면" in (await local.events(job))[-1]["result"]["answer"]
    assert "동네 이름이나" in await answer(local, "가까운 재활용센터 알려줘", chat=chat)


async def test_what_a_paused_turn_knew_may_be_lost(local: Talk) -> None:
    job = await local.say(await local.begin(), "근처에 제로웨이스트 가게 있어?")
    await local.deliver()
    await (await local.functions.resources.redis("state")).flushdb()
    body = {"type": "location", "data": {"latitude": 37.5563, "longitude": 126.9723}}
    await local.functions.call(inputs, "POST", f"{BASE}/{job}/input", user=local.user, json=body)
    assert (await local.functions.deliver(resume, local.sink.events[-1])).status_code == 200
    assert "[예시] 리필 상점" in (await local.events(job))[-1]["result"]["answer"]


async def test_a_hosted_model_searches_the_web_and_names_what_it_read(
    talking: Talking, provider: Provider
) -> None:
    async with talking(**provider.env, ECO2_MODELS="simulated,local") as talk:
        job = await talk.say(await talk.begin(), "최근 분리배출 제도 바뀐 거 있어?", model="simulated")
        assert (await talk.deliver()).status_code == 200
        stages = {one["stage"] for one in await talk.events(job)}
        assert "web_search" in stages
        assert provider.app.ledger.markers[f"{job}:search"] == 1
