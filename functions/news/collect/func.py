"""Collects news of one source, when a clock says so."""

from __future__ import annotations

from functions.news.collector import Collector
from functions.ops.events import NewsCollectRequested
from functions.runtime import event_function


@event_function(on=NewsCollectRequested, ledger=None, timeout=60, retry=0)
async def collect(event: NewsCollectRequested, collector: Collector) -> None:
    """Collect once. A request that comes twice is not followed twice: sources are asked at most so often."""
    await collector.collect(event.provider)


new = collect.new
