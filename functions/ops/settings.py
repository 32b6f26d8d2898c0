"""Settings of operations."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import setting


@dataclass(frozen=True, slots=True)
class OpsSettings:
    """How long it is known what became of events."""

    inbox_days: int = setting(
        30, "days that it is known which events were handled, and repeats answered alike", least=2
    )
    quarantine_days: int = setting(
        90, "days that dead letters are kept after they were sent again, given up or discarded", least=1
    )
