"""A PingSource's tick is, for a function, the event that it stands for."""

from __future__ import annotations

from eventing.clock import told_by_clock
from eventing.cloudevent import CloudEvent


def ping(type: str, **extensions: str) -> CloudEvent:
    source = "/apis/v1/namespaces/eco2/pingsources/sweep"
    return CloudEvent(id="1", source=source, type=type, extensions=extensions, data=b"{}")


def test_a_tick_is_the_event_it_names() -> None:
    tick = ping("dev.knative.sources.ping", tick="eco2.ops.sweep.requested")
    told = told_by_clock(tick)
    assert (told.type, told.source, told.id, told.data) == (
        "eco2.ops.sweep.requested",
        tick.source,
        "1",
        b"{}",
    )


def test_a_ping_that_names_no_type_stays_a_ping() -> None:
    assert told_by_clock(ping("dev.knative.sources.ping")).type == "dev.knative.sources.ping"


def test_nothing_else_can_change_its_type() -> None:
    event = ping("eco2.scan.requested", tick="eco2.ops.sweep.requested")
    assert told_by_clock(event) is event
