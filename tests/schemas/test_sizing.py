"""Sizes of pods and shares of Triggers, by what a function declares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.runtime.declaration import EventFunction
from functions.runtime.registry import load
from schemas.filters import filters
from schemas.sizing import MAX_REQUEST_S, PREFETCH, Sizing, shares, sizing, trigger_timeout_s


def event_function(**changed: object) -> EventFunction:
    function = load("scan-rule")
    assert isinstance(function, EventFunction)
    return replace(function, **changed)  # type: ignore[arg-type]


def test_a_pod_takes_what_its_function_holds_in_flight() -> None:
    size = sizing(event_function(in_flight=30, timeout_s=12.5))
    assert (size.concurrency, size.target, size.timeout_s) == (30, 30, 23)


def test_streams_last_as_long_as_a_request_can() -> None:
    size = sizing(load("scan-stream"))
    assert (size.timeout_s, size.concurrency) == (MAX_REQUEST_S, 1000)


def test_endpoints_and_loops_share_a_size() -> None:
    assert sizing(load("users-me")) == Sizing(0, 10, 500, 100, 20)
    assert sizing(load("stream-router")).min_scale == 1


def test_timeouts_nest() -> None:
    function = event_function(timeout_s=12.5)
    assert function.timeout_s < trigger_timeout_s(function) < sizing(function).timeout_s


@pytest.mark.parametrize(
    ("in_flight", "parts"), [(1, [1]), (PREFETCH, [100]), (101, [26] * 4), (400, [100] * 4)]
)
def test_more_than_a_trigger_holds_is_shared_by_shard(in_flight: int, parts: list[int]) -> None:
    function = event_function(in_flight=in_flight)
    assert shares(function) == parts
    wanted = {"type": "eco2.scan.classified"}
    expected = [wanted] if len(parts) == 1 else [{**wanted, "shard": str(shard)} for shard in range(4)]
    assert filters(function) == expected


def test_more_than_all_triggers_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="scan-rule: 4 Triggers hold 400 events in flight at most"):
        shares(event_function(in_flight=401))


def test_a_sink_has_no_filter() -> None:
    assert filters(event_function(on=None)) == []
