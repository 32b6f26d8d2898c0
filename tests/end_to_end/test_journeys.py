"""The eleven journeys of the web client, each with its exact requests, from another origin, through the edge."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

import httpx
import pytest

from bench.users import picture
from tests.end_to_end.platform import Platform, running
from tests.end_to_end.web_client import WebClient

ME, CHAT, MAP = "/api/v1/users/me", "/api/v1/chat", "/api/v1/locations"
SEOUL = "lat=37.5665&lon=126.978"
MIDDLES = [
    "종이",
    "종이팩",
    "무색페트병",
    "비닐류",
    "유리병",
    "의류및원단",
    "플라스틱류",
    "금속류",
    "전지",
    "조명제품",
    "전기전자제품",
    "발포합성수지",
]


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(processes=1) as started:
        yield started


@pytest.fixture
def client(platform: Platform) -> Iterator[WebClient]:
    with WebClient.opened(platform.url) as opened:
        yield opened


@pytest.fixture
def signed_in(client: WebClient) -> WebClient:
    log_in(client, f"이웃 {uuid4()}")
    return client


def log_in(client: WebClient, name: str, provider: str = "kakao") -> str:
    """The login page's button, the provider's page, and the way back; where the browser ends."""
    callback = f"{client.api}/api/v1/auth/{provider}/callback"
    begun = client.once(
        "GET",
        f"/api/v1/auth/{provider}?redirect_uri={quote(callback, safe='')}",
        x_frontend_origin=client.origin,
    )
    address = begun.json()["data"]["authorization_url"]
    page = client.navigate(address)
    assert page.status_code == 200, page
    asked = parse_qs(urlsplit(address).query)
    assert asked["redirect_uri"] == [callback]
    action, fields = form(page.text)
    answered = client.http.post(httpx.URL(address).join(action), data={**fields, "name": name})
    assert answered.is_redirect, answered.text
    back = client.navigate(answered.headers["location"])
    assert back.status_code == 302, back
    return str(back.headers["location"])


def form(page: str) -> tuple[str, dict[str, str]]:
    """The form for a name of one's own on the provider's page: where it goes, and its hidden fields."""
    found = next(each for each in re.findall(r"<form.*?</form>", page, re.S) if 'name="name"' in each)
    action = re.search(r'action="([^"]*)"', found)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found))
    return unescape(action[1]) if action else "", {name: unescape(value) for name, value in hidden.items()}


def holds(what: str, found: Callable[[], bool]) -> None:
    """Wait for what an event on its way will bring."""
    deadline = time.monotonic() + 30
    while not found():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.2)


def uploaded(client: WebClient, channel: str) -> str:
    place = client.call(
        "POST",
        f"/api/v1/images/{channel}",
        {"filename": "image_1767225600000.png", "content_type": "image/jpeg"},
    ).json()
    client.put(place["upload_url"], picture(), "image/jpeg")
    assert place["cdn_url"].startswith("http")
    return str(place["cdn_url"])


def test_1_a_stranger_is_sent_to_the_login_page_and_nothing_loops(client: WebClient) -> None:
    assert client.call("GET", ME).status_code == 401  # and a refresh, and a log-out that is not refused
    assert client.once("POST", "/api/v1/auth/logout").json()["success"] is True


@pytest.mark.parametrize("provider", ["google", "kakao", "naver"])
def test_2_a_button_signs_in_and_the_browser_ends_at_home_on_its_own_origin(
    client: WebClient, provider: str
) -> None:
    assert log_in(client, f"숲지기 {uuid4()}"[:40], provider) == f"{client.origin}/#/home"
    me = client.call("GET", ME).json()
    assert me["provider"] == provider
    assert me["username"], "without one the client takes the user for a stranger"
    holds(
        "the name that the provider told",
        lambda: client.call("GET", ME).json()["username"].startswith("숲지기"),
    )
    assert me["nickname"]
    assert me["phone_number"] is None


def test_3_home_shows_the_user_and_the_first_character(signed_in: WebClient) -> None:
    assert signed_in.call("GET", ME).json()["username"]
    characters = signed_in.call("GET", f"{ME}/characters").json()
    assert isinstance(characters, list)
    assert [each["name"] for each in characters] == ["이코"]
    assert characters[0].keys() >= {"id", "code", "name", "type", "dialog", "acquired_at"}


def test_4_a_photo_is_scanned_and_its_character_is_in_the_collection(signed_in: WebClient) -> None:
    accepted = signed_in.call("POST", "/api/v1/scan", {"image_url": uploaded(signed_in, "scan")}).json()
    job = accepted["result_url"].split("/")[-2]
    seen = [
        (name, data["status"])
        for name, data in signed_in.events(accepted["stream_url"])
        if name != "keepalive"
    ]
    assert [name for name, status in seen if status == "completed"] == [
        "queued",
        "vision",
        "rule",
        "answer",
        "reward",
        "done",
    ]
    result = signed_in.call("GET", f"/api/v1/scan/{job}/result").json()
    assert (result["task_id"], result["status"], result["error"]) == (job, "completed", None)
    found = result["pipeline_result"]["classification_result"]["classification"]
    assert found["major_category"] == "재활용폐기물"
    assert found["middle_category"] in MIDDLES
    assert result["pipeline_result"]["final_answer"]["disposal_steps"]
    assert isinstance(result["pipeline_result"]["final_answer"]["insufficiencies"], list)
    assert result["reward"] is None or result["reward"].keys() >= {"name", "dialog", "match_reason", "type"}
    if reward := result["reward"]:
        holds(
            "the character is in the collection",
            lambda: (
                reward["name"] in [each["name"] for each in signed_in.call("GET", f"{ME}/characters").json()]
            ),
        )


def test_5_a_scan_without_its_stream_is_polled_until_it_is_done(signed_in: WebClient) -> None:
    accepted = signed_in.call("POST", "/api/v1/scan", {"image_url": uploaded(signed_in, "scan")}).json()
    path = f"/api/v1/scan/{accepted['result_url'].split('/')[-2]}/result"
    for _ in range(60):
        answer = signed_in.call("GET", path)
        assert answer.status_code in (200, 202)
        if answer.json()["status"] == "completed" and answer.json().get("pipeline_result"):
            return
        time.sleep(0.5)
    pytest.fail("never completed")


def test_6_a_first_message_starts_a_conversation_and_is_answered(signed_in: WebClient) -> None:
    assert signed_in.call("GET", f"{CHAT}?limit=1").json()["chats"] == []
    chat = signed_in.call("POST", CHAT).json()  # no body, no Content-Type
    assert chat.keys() >= {"id", "title", "created_at"}
    sent = {"message": "우유팩은 어디에 버려?", "model": "gpt-5.2"}
    answer = signed_in.call("POST", f"{CHAT}/{chat['id']}/messages", sent)
    if answer.status_code == 400:  # the models of a platform are its configuration's
        assert answer.json()["code"] == "UNSUPPORTED_MODEL"
        sent["model"] = answer.json()["supported_models"][0]
        answer = signed_in.call("POST", f"{CHAT}/{chat['id']}/messages", sent)
    events = list(signed_in.events(f"{CHAT}/{answer.json()['job_id']}/events"))
    name, done = events[-1]
    assert (name, done["status"]) == ("done", "completed")
    assert "종이팩" in done["result"]["answer"]
    stored = signed_in.call("GET", f"{CHAT}/{chat['id']}?limit=20").json()
    assert [each["role"] for each in stored["messages"]] == ["user", "assistant"]
    kept = done["result"]["persistence"]
    assert [each["id"] for each in stored["messages"]] == [kept["user_message"], kept["assistant_message"]]
    assert (stored["has_more"], stored["next_cursor"]) == (False, None)
    listed = signed_in.call("GET", f"{CHAT}?limit=20").json()
    assert [each["id"] for each in listed["chats"]] == [chat["id"]]
    assert listed["chats"][0]["message_count"] == 2


def test_7_a_photo_in_the_chat_is_answered_and_the_conversation_can_be_swiped_away(
    signed_in: WebClient,
) -> None:
    chat = signed_in.call("POST", CHAT).json()
    sent = {
        "message": "이 이미지 분류해줘",
        "image_url": uploaded(signed_in, "chat"),
        "user_location": {"latitude": 37.5665, "longitude": 126.978},
    }
    answer = signed_in.call("POST", f"{CHAT}/{chat['id']}/messages", sent).json()
    name, done = list(signed_in.events(f"{CHAT}/{answer['job_id']}/events"))[-1]
    assert (name, done["status"]) == ("done", "completed"), done
    polled = signed_in.call("GET", f"{CHAT}/{chat['id']}?limit=5").json()["messages"]
    assert polled[0]["image_url"] == sent["image_url"]
    assert polled[-1]["role"] == "assistant"
    assert signed_in.call("DELETE", f"{CHAT}/{chat['id']}").is_success
    assert signed_in.call("GET", f"{CHAT}?limit=20").json()["chats"] == []


def test_8_news_are_read_by_category_and_page_by_page(signed_in: WebClient) -> None:
    first = signed_in.call("GET", "/api/v1/info/news?limit=10").json()
    assert first.keys() >= {"articles", "has_more", "next_cursor"}
    assert all(
        each.keys()
        >= {
            "id",
            "title",
            "url",
            "snippet",
            "source_name",
            "published_at",
            "thumbnail_url",
            "source_icon_url",
            "keywords",
        }
        for each in first["articles"]
    )
    for category in ("environment", "energy", "ai"):
        page = signed_in.call("GET", f"/api/v1/info/news?limit=10&category={category}").json()
        assert {each["category"] for each in page["articles"]} <= {category}
    if first["has_more"]:
        following = signed_in.call("GET", f"/api/v1/info/news?limit=10&cursor={first['next_cursor']}").json()
        assert not {each["id"] for each in following["articles"]} & {each["id"] for each in first["articles"]}


def test_9_the_map_shows_places_finds_them_and_tells_one(signed_in: WebClient) -> None:
    near = signed_in.call("GET", f"{MAP}/centers?{SEOUL}&zoom=13").json()
    assert near
    for place in near:
        assert isinstance(place["id"], int)
        assert isinstance(place["latitude"], float)
        assert place.keys() >= {
            "name",
            "source",
            "distance_text",
            "is_holiday",
            "start_time",
            "end_time",
            "phone",
        }
    wide = signed_in.call(
        "GET", f"{MAP}/centers?{SEOUL}&zoom=8&radius=20000&store_category=refill_zero,cafe_bakery"
    ).json()
    assert isinstance(wide, list)
    suggested = signed_in.call("GET", f"{MAP}/suggest?q={quote('리필')}").json()
    assert suggested[0].keys() >= {"place_name", "address", "latitude", "longitude", "place_url"}
    found = signed_in.call("GET", f"{MAP}/search?q={quote('리필')}&radius=5000").json()
    told = signed_in.call("GET", f"{MAP}/centers/{found[0]['id']}").json()
    assert isinstance(told["pickup_categories"], list)
    assert told.keys() >= {
        "name",
        "source",
        "road_address",
        "lot_address",
        "collection_items",
        "introduction",
    }


def test_10_a_nickname_is_changed_and_a_login_that_ran_out_goes_on(signed_in: WebClient) -> None:
    assert signed_in.call("PATCH", ME, {"nickname": "숲지기 ♻️"}).is_success
    del signed_in.http.cookies["s_access"]  # its time is over; the refresh token is left
    me = signed_in.call("GET", ME)
    assert (me.status_code, me.json()["nickname"]) == (200, "숲지기 ♻️")
    assert signed_in.http.cookies["s_access"]


def test_11_a_log_out_ends_the_login_everywhere(platform: Platform, signed_in: WebClient) -> None:
    kept = dict(signed_in.http.cookies)
    assert signed_in.call("POST", "/api/v1/auth/logout").json()["success"] is True
    assert not {"s_access", "s_refresh"} & set(signed_in.http.cookies)
    holds(
        "the access token opens nothing",
        lambda: httpx.get(platform.url + ME, cookies=kept, trust_env=False).status_code == 401,
    )
    assert signed_in.call("GET", ME).status_code == 401
