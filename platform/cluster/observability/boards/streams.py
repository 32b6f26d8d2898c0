"""The door and the event streams: who comes in, how fast progress arrives."""

from __future__ import annotations

from boards.panel import Dashboard, Panel

_PUBLIC = 'envoy_http_conn_manager_prefix="public"'

STREAMS = Dashboard(
    "streams",
    "Eco² · door and streams",
    (
        Panel(
            "Answers at the door",
            "By class of status.",
            "reqps",
            {
                "{{envoy_response_code_class}}xx": "sum by (envoy_response_code_class) (rate("
                f"envoy_http_downstream_rq_xx{{{_PUBLIC}}}[$__rate_interval]))"
            },
        ),
        Panel(
            "Server errors at the door",
            "The budget is a tenth of a percent over 30 days.",
            "percentunit",
            {"5xx": "eco2:door_errors:ratio_rate5m"},
        ),
        Panel(
            "Time to answer, 95th percentile",
            "Of requests that end; a stream counts when it is closed.",
            "s",
            {
                "p95": "histogram_quantile(0.95, sum by (le) (rate("
                f"envoy_http_downstream_rq_time_bucket{{{_PUBLIC}}}[$__rate_interval]))) / 1000"
            },
        ),
        Panel("Open streams", "Of all gateways.", "short", {"streams": "sum(eco2_sse_open)"}),
        Panel(
            "Progress: from written to routed",
            "Age of the oldest entry of a batch when it was routed: median and 99th percentile.",
            "s",
            {
                "p50": "histogram_quantile(0.5, sum by (le) (rate("
                "eco2_stream_lag_seconds_bucket[$__rate_interval])))",
                "p99": "histogram_quantile(0.99, sum by (le) (rate("
                "eco2_stream_lag_seconds_bucket[$__rate_interval])))",
            },
        ),
        Panel(
            "Connections at the door",
            "A stream holds one.",
            "short",
            {"open": f"sum(envoy_http_downstream_cx_active{{{_PUBLIC}}})"},
        ),
    ),
)
