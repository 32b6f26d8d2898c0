"""Objectives, and the rules that tell early when a month's budget of failures burns too fast.

Two windows a rule: the long one says that it matters, the short one that it still goes on. Fast: 2 % of 30 days' budget
within an hour; slow: 5 % within six hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WINDOWS = ("5m", "30m", "1h", "6h")
_BURNS = (("Fast", "1h", "5m", 14.4, "page"), ("Slow", "6h", "30m", 6.0, "ticket"))


@dataclass(frozen=True, slots=True)
class Objective:
    """At most `budget` of all events are bad over 30 days; `bad` and `total` are rates over `WINDOW`."""

    name: str
    alert: str
    about: str
    budget: float
    bad: str
    total: str


_DOOR = 'sum(rate(envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix="public"}[WINDOW]))'
_JOBS = 'sum(rate(eco2_jobs_ended_total{outcome=~"done|failed"}[WINDOW]))'
_ROUTED = "sum(rate(eco2_stream_lag_seconds_count[WINDOW]))"
OBJECTIVES = (
    Objective(
        "door_errors",
        "DoorErrors",
        "requests are answered with 5xx",
        0.001,
        _DOOR.replace("}", ',envoy_response_code_class="5"}'),
        _DOOR,
    ),
    Objective(
        "jobs_failed",
        "JobsFailing",
        "jobs end without a result",
        0.005,
        _JOBS.replace("done|", ""),
        _JOBS,
    ),
    Objective(
        "progress_late",
        "ProgressLate",
        "batches of progress take more than a second from written to routed",
        0.01,
        f'({_ROUTED} - sum(rate(eco2_stream_lag_seconds_bucket{{le="1.0"}}[WINDOW])))',
        _ROUTED,
    ),
)


def rules() -> dict[str, Any]:
    """A PrometheusRule with the ratios of every window and two alerts an objective."""
    groups = []
    for objective in OBJECTIVES:
        entries: list[dict[str, Any]] = [
            {
                "record": ratio(objective, window),
                # Without any bad event there is no series of it: that is none, not unknown.
                "expr": f"({objective.bad} or vector(0)) / ({objective.total} > 0)".replace("WINDOW", window),
            }
            for window in WINDOWS
        ]
        for speed, long, short, factor, severity in _BURNS:
            limit = f"{factor * objective.budget:.6g}"
            entries.append(
                {
                    "alert": f"{objective.alert}{speed}",
                    "expr": f"{ratio(objective, long)} > {limit} and {ratio(objective, short)} > {limit}",
                    "labels": {"severity": severity, "objective": objective.name},
                    "annotations": {
                        "summary": f"{{{{ $value | humanizePercentage }}}} of {objective.about}",
                        "runbook": f"docs/runbooks/{objective.alert}.md",
                    },
                }
            )
        groups.append({"name": f"eco2.objectives.{objective.name}", "interval": "30s", "rules": entries})
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": "eco2-objectives",
            "namespace": "monitoring",
            "labels": {"app.kubernetes.io/part-of": "eco2"},
        },
        "spec": {"groups": groups},
    }


def ratio(objective: Objective, window: str) -> str:
    """The name of the recorded share of bad events within a window."""
    return f"eco2:{objective.name}:ratio_rate{window}"
