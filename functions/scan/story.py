"""A job's progress told again from the database, as the streams told it: same order, same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eventing.progress.events import Progress
from functions.scan import progress
from functions.scan.pipeline import DONE_SEQ, QUEUED, STAGES


def retell(job_id: str, rows: Sequence[tuple[Any, ...]]) -> list[Progress]:
    """Progress events from rows, by start, of
    (status, outcome, trace_id, created_at, ended_at, stage, started_at, finished_at).

    Stages that never began have a row with stage None; an unknown job has no rows and no story.
    """
    if not rows:
        return []
    status, outcome, trace_id, created_at, ended_at = rows[0][:5]

    def at(step: Progress, seq: int, when: Any) -> Progress:
        return replace(step, seq=seq, trace_id=trace_id, ts=when.isoformat(timespec="milliseconds"))

    told = [at(progress.started(job_id, QUEUED), QUEUED.first_seq, created_at)]
    last, finished = None, False
    for *_, name, started_at, finished_at in rows:
        if name is None:
            continue
        if last is None:
            told.append(at(progress.completed(job_id, QUEUED), QUEUED.first_seq + 1, started_at))
        last, finished = STAGES[name], finished_at is not None
        told.append(at(progress.started(job_id, last), last.first_seq, started_at))
        if finished_at is not None:
            told.append(at(progress.completed(job_id, last), last.first_seq + 1, finished_at))
    if status == "completed":
        told.append(at(progress.done(job_id, outcome), DONE_SEQ, ended_at))
    elif status != "active":
        error = outcome["error"]
        ending = progress.ending(job_id, last, finished, error["code"], error["message"])
        told += [at(step, seq, ended_at) for step, seq in ending]
    return told
