"""One scan as a user has it, over the whole running platform."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import monotonic
from uuid import uuid4

import pytest

from tests.end_to_end.client import User
from tests.end_to_end.platform import Platform, running
from tests.scan_line import PROGRESS, STEPS, WHOLE


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(settings={"ECO2_SIMULATED_VISION_S": "0.3"}) as started:
        yield started


async def test_a_photo_becomes_an_answer_and_a_character(user: User) -> None:
    image_url = await user.upload()
    accepted = (await user.ask("POST", "/api/v1/scan", json={"image_url": image_url})).json()
    job_id = accepted["job_id"]
    assert accepted == {
        "job_id": job_id,
        "status": "queued",
        "stream_url": f"/api/v1/scan/{job_id}/events",
        "result_url": f"/api/v1/scan/{job_id}/result",
    }

    events = await user.stream(job_id)

    assert [event.step for event in events] == STEPS
    assert [event.data["seq"] for event in events] == WHOLE
    assert [event.id for event in events] == [str(number) for number in WHOLE]
    assert [event.data["progress"] for event in events] == PROGRESS
    assert {event.data["job_id"] for event in events} == {job_id}
    assert len({event.data["trace_id"] for event in events}) == 1
    answer = await user.result(job_id)
    assert answer.status == 200
    result = answer.json()
    assert events[-1].data["result"] == result
    assert (result["task_id"], result["status"], result["error"]) == (job_id, "completed", None)
    classification = result["pipeline_result"]["classification_result"]["classification"]
    assert (classification["major_category"], classification["middle_category"]) == (
        "재활용폐기물",
        "무색페트병",
    )
    assert result["pipeline_result"]["disposal_rules"]
    assert result["pipeline_result"]["final_answer"]["disposal_steps"]
    assert result["reward"]["name"] == "페티"
    assert (result["reward"]["received"], result["reward"]["already_owned"]) == (True, False)


async def test_a_won_character_is_in_the_collection_and_is_won_once(platform: Platform, user: User) -> None:
    image_url = await user.upload()
    rewards = []
    for _ in range(2):
        job_id = await user.submit(image_url)
        rewards.append((await user.stream(job_id))[-1].data["result"]["reward"])
    assert [(reward["received"], reward["already_owned"]) for reward in rewards] == [
        (True, False),
        (False, True),
    ]

    async def collected() -> list[str] | None:
        owned = (await user.ask("GET", "/api/v1/users/me/characters")).json()
        names = sorted(character["name"] for character in owned)
        assert all({"id", "code", "type", "dialog", "acquired_at"} <= set(character) for character in owned)
        return names if "페티" in names else None

    assert await platform.until("페티 in the collection", collected) == ["이코", "페티"]
    ownership = await user.ask("GET", f"/api/v1/users/me/characters/{'페티'}/ownership")
    assert ownership.json() == {"character_name": "페티", "owned": True}


async def test_the_history_is_walked_page_by_page(user: User) -> None:
    image_url = await user.upload()
    jobs = [await user.submit(image_url) for _ in range(4)]
    for job_id in jobs:
        await user.stream(job_id)

    walked, cursor = [], ""
    for _ in range(len(jobs) + 1):
        page = (await user.ask("GET", f"/api/v1/scan?limit=1{cursor}")).json()
        walked += page["scans"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert [scan["job_id"] for scan in walked] == jobs[::-1]
    assert {scan["status"] for scan in walked} == {"completed"}
    assert {scan["image_url"] for scan in walked} == {image_url}
    assert walked[0]["categories"]["middle_category"] == "무색페트병"
    assert walked[-1]["reward"]["name"] == "페티"
    whole = (await user.ask("GET", "/api/v1/scan")).json()
    assert whole == {"scans": walked, "next_cursor": None}


async def test_the_four_categories_are_listed(user: User) -> None:
    categories = (await user.ask("GET", "/api/v1/scan/categories")).json()
    assert [(one["name"], one["display_name"]) for one in categories] == [
        ("recyclable", "재활용폐기물"),
        ("general", "일반폐기물"),
        ("food", "음식물폐기물"),
        ("bulky", "대형폐기물"),
    ]
    assert all(one["instructions"] for one in categories)


async def test_a_running_job_is_reported_with_its_stage(platform: Platform, user: User) -> None:
    await platform.script("hang")
    job_id = await user.submit(await user.upload())
    async for event in user.events(job_id):
        if event.step == ("vision", "started"):
            break
    answer = await user.result(job_id)
    assert (answer.status, answer.headers["retry-after"]) == (202, "2")
    body = answer.json()
    assert (body["status"], body["current_stage"], body["progress"]) == ("processing", "vision", 0)
    await user.ask("DELETE", f"/api/v1/scan/{job_id}")


async def test_a_cancelled_job_ends_at_once_and_asks_no_provider_any_more(
    platform: Platform, user: User
) -> None:
    before = await platform.calls()
    await platform.script("hang")
    job_id = await user.submit(await user.upload())
    seen = []
    cancelled_at = 0.0
    async with asyncio.timeout(30):
        async for event in user.events(job_id):
            seen.append(event)
            if event.step == ("vision", "started"):
                # The call must be with the provider, so that it is seen to be dropped.
                await platform.until("a call at the provider", lambda: _in_flight(platform))
                assert (await user.ask("DELETE", f"/api/v1/scan/{job_id}")).status == 204
                cancelled_at = monotonic()
    assert monotonic() - cancelled_at < 2
    assert [event.step for event in seen] == [
        ("queued", "started"),
        ("queued", "completed"),
        ("vision", "started"),
        ("vision", "cancelled"),
        ("error", "cancelled"),
    ]
    assert seen[-1].data["error"] == "cancelled"
    result = (await user.result(job_id)).json()
    assert (result["status"], result["pipeline_result"], result["error"]["code"]) == (
        "cancelled",
        None,
        "CANCELLED",
    )

    async def dropped() -> bool:
        return not (await platform.calls())["in_flight"]

    await platform.until("the provider's call is dropped", dropped, within_s=2)
    after = await platform.calls()
    assert (after["calls"] - before["calls"], after["billed"] - before["billed"]) == (1, 0)
    assert (await user.ask("DELETE", f"/api/v1/scan/{job_id}")).status == 204
    assert (await user.result(job_id)).json() == result


async def _in_flight(platform: Platform) -> bool:
    return bool((await platform.calls())["in_flight"])


async def test_an_idempotency_key_makes_one_job(user: User) -> None:
    body = {"image_url": await user.upload()}
    key = {"idempotency-key": str(uuid4())}
    first = await user.ask("POST", "/api/v1/scan", json=body, headers=key)
    again = await user.ask("POST", "/api/v1/scan", json=body, headers=key)
    other_name = {"x-idempotency-key": key["idempotency-key"]}
    third = await user.ask("POST", "/api/v1/scan", json=body, headers=other_name)
    assert [answer.status for answer in (first, again, third)] == [202, 202, 202]
    assert first.json() == again.json() == third.json()

    other = await user.ask("POST", "/api/v1/scan", json={**body, "user_input": "?"}, headers=key)
    assert (other.status, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")

    twin = {"idempotency-key": str(uuid4())}
    answers = await asyncio.gather(
        *(user.ask("POST", "/api/v1/scan", json=body, headers=twin) for _ in range(12))
    )
    assert {answer.status for answer in answers} <= {202, 409}
    assert len({answer.json()["job_id"] for answer in answers if answer.status == 202}) == 1
    assert {answer.json()["code"] for answer in answers if answer.status == 409} <= {"REQUEST_IN_PROGRESS"}
    await user.stream(first.json()["job_id"])
    assert len((await user.ask("GET", "/api/v1/scan")).json()["scans"]) == 2


async def test_the_key_of_one_user_is_nothing_to_another(platform: Platform, user: User) -> None:
    image_url, key = await user.upload(), str(uuid4())
    mine = await user.submit(image_url, key=key)
    async with User.signed_in(platform.url, f"다른 {uuid4()}") as other:
        assert await other.submit(image_url, key=key, user_input="다른 질문") != mine


async def test_an_unsupported_model_is_refused_with_those_there_are(user: User) -> None:
    refused = await user.ask(
        "POST", "/api/v1/scan", json={"image_url": await user.upload(), "model": "gpt-2"}
    )
    assert (refused.status, refused.json()["code"]) == (400, "UNSUPPORTED_MODEL")
    assert refused.json()["supported_models"] == [
        "gpt-5.2",
        "gemini-3-flash-preview",
        "local",
        "simulated",
    ]


async def test_the_local_model_can_be_named(user: User) -> None:
    job_id = await user.submit(await user.upload(), model="local")
    done = (await user.stream(job_id))[-1]
    assert done.step == ("done", "completed")
    assert done.data["result"]["pipeline_result"]["classification_result"]["meta"]["provider"] == "local"
