"""When a circuit opens, probes and closes."""

from __future__ import annotations

import asyncio

import pytest

from functions.runtime.breaker import Breaker, CircuitOpen


class Down(Exception):
    """The server's fault."""


class Refused(Exception):
    """An answer, if not the wanted one."""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("openai", lambda error: isinstance(error, Down), failures=3, open_s=10, clock=clock)


def state(breaker: Breaker) -> str:
    return breaker.state  # not narrowed by an assertion before


def fail(breaker: Breaker, error: type[Exception] = Down) -> None:
    with pytest.raises(error), breaker.watch():
        raise error


def succeed(breaker: Breaker) -> None:
    with breaker.watch():
        pass


def test_it_opens_after_so_many_failures(breaker: Breaker) -> None:
    for _ in range(3):
        assert state(breaker) == "closed"
        fail(breaker)
    assert state(breaker) == "open"
    with pytest.raises(CircuitOpen, match="openai is left alone for 10 s") as raised:
        succeed(breaker)
    assert raised.value.retry_after_s == 10


def test_it_stays_closed_while_most_calls_succeed(breaker: Breaker) -> None:
    for _ in range(20):
        succeed(breaker)
        succeed(breaker)
        fail(breaker)
    assert state(breaker) == "closed"


def test_a_refusal_is_an_answer(breaker: Breaker) -> None:
    for _ in range(10):
        fail(breaker, Refused)
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
    with breaker.watch(), pytest.raises(CircuitOpen):
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
    with pytest.raises(asyncio.CancelledError), breaker.watch():
        raise asyncio.CancelledError
    assert state(breaker) == "half_open"
    succeed(breaker)
    assert state(breaker) == "closed"


def test_a_late_failure_of_an_old_call_does_not_prolong_it(breaker: Breaker, clock: Clock) -> None:
    def late() -> None:
        with breaker.watch():
            for _ in range(3):
                fail(breaker)
            clock.now = 9
            raise Down

    with pytest.raises(Down):
        late()
    clock.now = 10
    assert state(breaker) == "half_open"
