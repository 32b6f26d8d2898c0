"""The cluster: pods, cold starts, memory and processor time, nodes."""

from __future__ import annotations

from boards.panel import Dashboard, Panel

CLUSTER = Dashboard(
    "cluster",
    "Eco² · cluster and cold starts",
    (
        Panel(
            "Cold start",
            "From the start of a function's process to its first answer, which is its readiness.",
            "s",
            {
                "p50": "quantile(0.5, eco2_ready_time_seconds - process_start_time_seconds)",
                "slowest": "max(eco2_ready_time_seconds - process_start_time_seconds)",
            },
        ),
        Panel(
            "Processes that serve functions",
            "All, and those that started within five minutes.",
            "short",
            {
                "all": "count(eco2_ready_time_seconds)",
                "new": "count(time() - eco2_ready_time_seconds < 300) or vector(0)",
            },
        ),
        Panel(
            "Memory",
            "Of each kind of process.",
            "bytes",
            {"{{job}}": "sum by (job) (process_resident_memory_bytes)"},
        ),
        Panel(
            "Processor time",
            "Cores in use by each kind of process.",
            "short",
            {"{{job}}": "sum by (job) (rate(process_cpu_seconds_total[$__rate_interval]))"},
        ),
        Panel(
            "What answers to Prometheus",
            "Targets that were scraped, of those that are known.",
            "percentunit",
            {"{{job}}": "avg by (job) (up)"},
        ),
        Panel(
            "Nodes that are ready",
            "By kube-state-metrics; compare with `make cost`.",
            "short",
            {"ready": 'sum(kube_node_status_condition{condition="Ready",status="true"})'},
            cluster=True,
        ),
        Panel(
            "Pods that wait for a node",
            "More than a few minutes means that a pool is full.",
            "short",
            {"pending": 'sum by (namespace) (kube_pod_status_phase{phase="Pending"})'},
            cluster=True,
        ),
    ),
)
