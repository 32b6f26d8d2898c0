"""The report of a load run: outcomes of single jobs and the figures over all of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.meter import ProcessUsage

STAND_IN = "providers.simulated"  # stands for a paid provider, whose CPU is not ours


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one job. Seconds of the monotonic clock; `failure` None: a whole stream and a completed result."""

    started: float
    ended: float
    accepted_s: float = 0.0
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of one run. `started` is when the first job was due, `ended` when the last one was over."""

    label: str
    users: int
    model_s: float
    ramp_s: float
    outcomes: Sequence[Outcome]
    generator_cpu_s: float
    usage: ProcessUsage = field(default_factory=ProcessUsage)
    left_open: int = 0

    @property
    def completed(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.failure is None]

    @property
    def failures(self) -> dict[str, int]:
        """Reasons of failures, most frequent first."""
        return dict(Counter(o.failure for o in self.outcomes if o.failure is not None).most_common())

    @property
    def seconds(self) -> float:
        """Seconds from the first start to the last end: ramp and running out count against the rate."""
        if not self.outcomes:
            return 0.0
        return max(o.ended for o in self.outcomes) - min(o.started for o in self.outcomes)

    @property
    def jobs_per_min(self) -> float:
        """Completed jobs a minute while all users were busy: neither ramp nor running out counts.

        From when the last user's first job could be over until the last start; the whole run where that is short.
        """
        done = self.completed
        if not done:
            return 0.0
        first = min(o.started for o in self.outcomes)
        begin = first + self.ramp_s + min(o.ended - o.started for o in done)
        end = max(o.started for o in self.outcomes)
        if end - begin < 1.0:
            begin, end = first, max(o.ended for o in self.outcomes)
        return 60 * sum(begin < o.ended <= end for o in done) / (end - begin)

    def figures(self) -> dict[str, Any]:
        """All figures by name, units in the names; per-job figures are per completed job."""
        done = self.completed
        e2e = sorted(o.ended - o.started for o in done)
        jobs = max(len(done), 1)
        by_label = self.usage.by_label
        stand_ins = sum(cpu_s for name, cpu_s in by_label.items() if STAND_IN in name)
        ours = self.usage.cpu_s + self.generator_cpu_s + self.usage.meter_cpu_s
        return {
            "label": self.label,
            "users": self.users,
            "jobs": len(self.outcomes),
            "completed_percent": round(100 * len(done) / max(len(self.outcomes), 1), 2),
            "seconds": round(self.seconds, 2),
            "jobs_per_min": round(self.jobs_per_min, 1),
            "e2e_p50_s": percentile(e2e, 50),
            "e2e_p95_s": percentile(e2e, 95),
            "e2e_p99_s": percentile(e2e, 99),
            "overhead_p50_s": percentile(e2e, 50) - self.model_s,
            "overhead_p95_s": percentile(e2e, 95) - self.model_s,
            "overhead_p99_s": percentile(e2e, 99) - self.model_s,
            "accepted_p95_s": percentile(sorted(o.accepted_s for o in done), 95),
            "model_s": self.model_s,
            "ramp_s": self.ramp_s,
            "platform_cpu_ms_per_job": round(1000 * (self.usage.cpu_s - stand_ins) / jobs, 2),
            "stand_ins_cpu_ms_per_job": round(1000 * stand_ins / jobs, 2),
            "generator_cpu_ms_per_job": round(1000 * self.generator_cpu_s / jobs, 2),
            "cpu_ms_per_job_by_process": {k: round(1000 * v / jobs, 2) for k, v in by_label.items()},
            "cores_busy": round((self.usage.cpu_s + self.generator_cpu_s) / self.seconds, 2)
            if self.seconds
            else 0.0,
            "others_cores": round((self.usage.machine_cpu_s - ours) / (self.seconds or 1.0), 2),
            "kib_per_job_in_flight": round(
                (self.usage.peak_pss - self.usage.first_pss) / 1024 / self.users, 1
            ),
            "peak_rss_mib": round(self.usage.peak_rss / 2**20, 1),
            "peak_pss_mib": round(self.usage.peak_pss / 2**20, 1),
            "processes": self.usage.processes,
            "failures": self.failures,
            "streams_left_open": self.left_open,
        }


def percentile(ordered: Sequence[float], percent: float) -> float:
    """A percentile by nearest rank in ascending values: the smallest with `percent` of all at or below; NaN of none."""
    if not ordered:
        return math.nan
    return ordered[max(math.ceil(percent / 100 * len(ordered)), 1) - 1]


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> str:
    """A Markdown table, columns padded."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


HEAD = ("run", "users", "jobs", "completed", "jobs/min", "E2E p50/p95/p99 s", "overhead p50/p95/p99 ms",
        "CPU ms/job platform + model + generator", "cores", "PSS MiB")  # fmt: skip


def summary(reports: Sequence[Report]) -> str:
    """A Markdown table, a row a run, followed by the failures by reason."""
    rows = []
    notes = []
    for report in reports:
        f = report.figures()
        e2e = "/".join(f"{f[f'e2e_p{p}_s']:.2f}" for p in (50, 95, 99))
        overhead = "/".join(f"{1000 * f[f'overhead_p{p}_s']:.0f}" for p in (50, 95, 99))
        cpu = " + ".join(str(f[f"{who}_cpu_ms_per_job"]) for who in ("platform", "stand_ins", "generator"))
        rows.append((f["label"], f["users"], f["jobs"], f"{f['completed_percent']} %", f["jobs_per_min"], e2e,
                     overhead, cpu, f["cores_busy"], f["peak_pss_mib"]))  # fmt: skip
        notes += [
            f"* {report.label}, {report.users} users: {n} x {reason}" for reason, n in f["failures"].items()
        ]
        if report.left_open:
            notes.append(
                f"* {report.label}: {report.left_open} streams left open by the server after their end"
            )
    return "\n".join([table(rows, HEAD), "", *notes])


def as_json(report: Report) -> dict[str, Any]:
    """Figures and single outcomes, for a file."""
    return report.figures() | {"outcomes": [asdict(outcome) for outcome in report.outcomes]}
