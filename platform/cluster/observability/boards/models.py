"""Models: calls, errors, cost."""

from __future__ import annotations

from boards.panel import Dashboard, Panel

MODELS = Dashboard(
    "models",
    "Eco² · models and cost",
    (
        Panel(
            "Calls",
            "By provider and task.",
            "ops",
            {
                "{{provider}} {{task}}": "sum by (provider, task) (rate(eco2_model_calls_total[$__rate_interval]))"
            },
        ),
        Panel(
            "Calls that failed",
            "By provider and reason; the chain asks the next model.",
            "ops",
            {
                "{{provider}} {{outcome}}": "sum by (provider, outcome) "
                '(rate(eco2_model_calls_total{outcome!="ok"}[$__rate_interval]))'
            },
        ),
        Panel(
            "Share of calls that failed",
            "Of each provider.",
            "percentunit",
            {
                "{{provider}}": "1 - sum by (provider) "
                '(rate(eco2_model_calls_total{outcome="ok"}[$__rate_interval])) '
                "/ sum by (provider) (rate(eco2_model_calls_total[$__rate_interval]))"
            },
        ),
        Panel(
            "Cost an hour",
            "What the last hour's calls cost by the price list.",
            "currencyUSD",
            {"{{provider}} {{task}}": "sum by (provider, task) (increase(eco2_model_cost_usd_total[1h]))"},
        ),
        Panel(
            "Cost a scan",
            "Cost of the last hour over the scans that were done in it.",
            "currencyUSD",
            {
                "a scan": "sum(increase(eco2_model_cost_usd_total[1h])) "
                '/ sum(increase(eco2_jobs_ended_total{domain="scan",outcome="done"}[1h]))'
            },
        ),
    ),
)
