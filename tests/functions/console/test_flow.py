"""The flow that a page draws is what the functions declare."""

from __future__ import annotations

from functions.console.flow.func import flow
from functions.runtime.registry import load_all
from tests.functions.asgi_client import Functions


async def test_every_function_is_there_with_its_trigger_and_its_reply() -> None:
    functions = Functions({})
    answer = await functions.call(flow, "GET", "/api/v1/console/flow")
    await functions.close()
    assert answer.headers["cache-control"] == "max-age=60"
    told = answer.json()
    by_name = {each["name"]: each for each in told["functions"]}
    assert set(by_name) == {function.name for function in load_all()}
    vision = by_name["scan-vision"]
    assert (vision["on"], vision["emits"]) == ("eco2.scan.requested", "eco2.scan.classified")
    assert vision["stage"] == "vision"
    assert by_name["scan-submit"]["routes"] == ["POST /api/v1/scan"]
    assert by_name["ops-quarantine"]["on"] is None
    assert told["events"]["eco2.scan.requested"].endswith(".")
