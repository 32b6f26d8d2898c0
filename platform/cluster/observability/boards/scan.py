"""The scan pipeline: what comes in, how it ends, how long each stage takes."""

from __future__ import annotations

from boards.panel import Dashboard, Panel

_STAGES = 'function=~"scan-(vision|rule|answer|reward|record)"'

SCAN = Dashboard(
    "scan",
    "Eco² · scan pipeline",
    (
        Panel(
            "Scans accepted",
            "Answers of POST /api/v1/scan by status.",
            "reqps",
            {
                "{{status}}": "sum by (status) (rate("
                'eco2_function_duration_seconds_count{function="scan-submit"}[$__rate_interval]))'
            },
        ),
        Panel(
            "Jobs ended",
            "As the progress router tells them: done, failed, cancelled.",
            "ops",
            {
                "{{domain}} {{outcome}}": "sum by (domain, outcome) (rate(eco2_jobs_ended_total[$__rate_interval]))"
            },
        ),
        Panel(
            "Jobs that failed, of those that ended by themselves",
            "The budget is half a percent over 30 days.",
            "percentunit",
            {"failed": "eco2:jobs_failed:ratio_rate5m"},
        ),
        Panel(
            "Stage latency, 95th percentile",
            "From the delivery of an event to its answer; vision and answer wait for models.",
            "s",
            {
                "{{function}}": "histogram_quantile(0.95, sum by (function, le) (rate("
                f"eco2_function_duration_seconds_bucket{{{_STAGES}}}[$__rate_interval])))"
            },
        ),
        Panel(
            "Stage answers",
            "Deliveries of each stage by HTTP status: 4xx ends in quarantine, 5xx is tried again.",
            "ops",
            {
                "{{function}} {{status}}": "sum by (function, status) (rate("
                f"eco2_function_duration_seconds_count{{{_STAGES}}}[$__rate_interval]))"
            },
        ),
        Panel(
            "Sweeper",
            "What the sweeper sent again, ended or relayed; more than a few a minute means that events get lost.",
            "ops",
            {"{{action}}": "sum by (action) (rate(eco2_sweeper_actions_total[$__rate_interval]))"},
        ),
    ),
)
