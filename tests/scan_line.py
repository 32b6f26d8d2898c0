"""What a scan goes through, as the pipeline's own table says: a stage that is added is in every test's expectation."""

from __future__ import annotations

from functions.scan.pipeline import DONE_SEQ, STAGES

NAMES = tuple(STAGES)
"""The stages, in their order."""
FUNCTIONS = (*(f"scan-{name}" for name in NAMES), "scan-record")
"""The functions that a scan's events go through."""
STEPS = [
    *((name, status) for name in ("queued", *NAMES) for status in ("started", "completed")),
    ("done", "completed"),
]
"""Stage and status of every event of its stream."""
WHOLE = list(range(1, DONE_SEQ + 1))
"""Their numbers."""
PROGRESS = [0, 0, 0, *(STAGES[name].percent for name in NAMES for _ in range(2))]
"""Their percentages: a stage starts with what the one before it has reached."""
