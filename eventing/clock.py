"""Conversion of what a Knative PingSource sends into the event that it stands for.

A PingSource names type and source of its events itself and lets only extensions be set (eventing,
pkg/adapter/mtping/runner.go), so its tick carries the type that is meant in the extension `tick`.
"""

from __future__ import annotations

from dataclasses import replace

from eventing.cloudevent import CloudEvent

PING = "dev.knative.sources.ping"
TICK = "tick"


def told_by_clock(event: CloudEvent) -> CloudEvent:
    """The event that a tick stands for; any other event as it is."""
    if event.type != PING:
        return event
    return replace(event, type=event.extensions.get(TICK) or event.type)
