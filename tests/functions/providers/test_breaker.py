"""When a circuit opens, probes and closes."""

from __future__ import annotations

import asyncio

import pytest

from functions.providers.breaker import Breaker
from functions.providers.errors import ModelRefused, ModelUnavailable, Reason


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("openai", failures=3, open_s=10, clock=clock)


def state(breaker: Breaker) -> str:
    return breaker.state  # not narrowed by an assertion before


def fail(breaker: Breaker, reason: Reason = "server_error") -> None:
    with pytest.raises(ModelUnavailable), breaker.watch("m"):
        raise ModelUnavailable("m", reason)


def succeed(breaker: Breaker) -> None:
    with breaker.watch("m"):
        pass


def test_it_opens_after_so_many_failures(breaker: Breaker) -> None:
    for _ in range(3):
        assert state(breaker) == "closed"
        fail(breaker)
    assert state(breaker) == "open"
    with pytest.raises(ModelUnavailable) as raised:
        succeed(breaker)
    assert raised.value.reason == "circuit_open"
    assert raised.value.retry_after_s == 10


def test_it_stays_closed_while_most_calls_succeed(breaker: Breaker) -> None:
    for _ in range(20):
        succeed(breaker)
        succeed(breaker)
        fail(breaker)
    assert state(breaker) == "closed"


@pytest.mark.parametrize("reason", ["rate_limited", "rejected", "busy", "not_configured"])
def test_what_is_not_the_providers_fault_does_not_count(breaker: Breaker, reason: Reason) -> None:
    for _ in range(10):
        fail(breaker, reason)
    assert state(breaker) == "closed"


def test_a_refusal_is_an_answer(breaker: Breaker) -> None:
    for _ in range(10):
        with pytest.raises(ModelRefused), breaker.watch("m"):
            raise ModelRefused("m")
    assert state(breaker) == "closed"


def test_old_failures_are_forgotten(breaker: Breaker, clock: Clock) -> None:
    for _ in range(6):
        fail(breaker)
        clock.now += 31
    assert state(breaker) == "closed"


def test_one_call_probes_and_closes_it(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        fail(breaker)
    clock.now = 10
    assert state(breaker) == "half_open"
    with breaker.watch("m"), pytest.raises(ModelUnavailable):
        succeed(breaker)  # a second call while the first one probes
    assert state(breaker) == "closed"
    fail(breaker)
    assert state(breaker) == "closed"


def test_a_failing_probe_opens_it_again(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        fail(breaker)
    clock.now = 10
    fail(breaker)
    assert state(breaker) == "open"
    clock.now = 20
    assert state(breaker) == "half_open"


def test_a_cancelled_probe_lets_the_next_one_try(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        fail(breaker)
    clock.now = 10
    with pytest.raises(asyncio.CancelledError), breaker.watch("m"):
        raise asyncio.CancelledError
    assert state(breaker) == "half_open"
    succeed(breaker)
    assert state(breaker) == "closed"


def test_a_late_failure_of_an_old_call_does_not_prolong_it(breaker: Breaker, clock: Clock) -> None:
    def late() -> None:
        with breaker.watch("m"):
            for _ in range(3):
                fail(breaker)
            clock.now = 9
            raise ModelUnavailable("m", "timeout")

    with pytest.raises(ModelUnavailable):
        late()
    clock.now = 10
    assert state(breaker) == "half_open"
