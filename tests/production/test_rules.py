"""Each alert fires on the series that it is for and is quiet on healthy ones, by promtool; each has its page."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.production.watching import WATCH, groups

ROOT = Path(__file__).resolve().parents[2]
ALERTS = {rule["alert"]: rule for group in groups() for rule in group["rules"] if "alert" in rule}
PUBLIC = 'envoy_http_conn_manager_prefix="public"'
Series = dict[str, str]


def _burn(name: str, bad: Series, good: Series) -> dict[str, tuple[Series, Series]]:
    return {f"{name}Fast": (bad, good), f"{name}Slow": (bad, good)}


# Alert → series on which it fires by their end, and healthy ones; a value a minute, `a+bxn` grows by b.
CASES: dict[str, tuple[Series, Series]] = {
    **_burn(
        "DoorErrors",
        {
            f'envoy_http_downstream_rq_xx{{{PUBLIC},envoy_response_code_class="5"}}': "0+2x60",
            f'envoy_http_downstream_rq_xx{{{PUBLIC},envoy_response_code_class="2"}}': "0+98x60",
        },
        {f'envoy_http_downstream_rq_xx{{{PUBLIC},envoy_response_code_class="2"}}': "0+100x60"},
    ),
    **_burn(
        "JobsFailing",
        {
            'eco2_jobs_ended_total{outcome="failed"}': "0+1x60",
            'eco2_jobs_ended_total{outcome="done"}': "0+9x60",
        },
        {
            'eco2_jobs_ended_total{outcome="cancelled"}': "0+5x60",
            'eco2_jobs_ended_total{outcome="done"}': "0+9x60",
        },
    ),
    **_burn(
        "ProgressLate",
        {
            'eco2_stream_lag_seconds_bucket{le="1.0"}': "0+5x60",
            "eco2_stream_lag_seconds_count": "0+10x60",
        },
        {
            'eco2_stream_lag_seconds_bucket{le="1.0"}': "0+10x60",
            "eco2_stream_lag_seconds_count": "0+10x60",
        },
    ),
    "DeadLettersHeld": (
        {'eco2_dead_letters{state="held"}': "1x60"},
        {'eco2_dead_letters{state="held"}': "0x60"},
    ),
    # The healthy ones have been there since yesterday: evidence, no news.
    "DeadLettersExhausted": (
        {'eco2_dead_letters{state="exhausted"}': "0x380 2x20"},
        {'eco2_dead_letters{state="exhausted"}': "2x400"},
    ),
    "EventsRefused": (
        {'eco2_events_invalid_total{function="scan-rule"}': "0+1x60"},
        {'eco2_events_invalid_total{function="scan-rule"}': "7x60"},
    ),
    "QueueGrows": (
        {'rabbitmq_detailed_queue_messages_ready{queue="q"}': "501x60"},
        {'rabbitmq_detailed_queue_messages_ready{queue="q"}': "499x60"},
    ),
    "QueueHasNoConsumer": (
        {
            'rabbitmq_detailed_queue_messages_ready{queue="q"}': "1x60",
            'rabbitmq_detailed_queue_consumers{queue="q"}': "0x60",
        },
        {
            'rabbitmq_detailed_queue_messages_ready{queue="q"}': "0x60",
            'rabbitmq_detailed_queue_consumers{queue="q"}': "0x60",
        },
    ),
    "OutboxStuck": (
        {'eco2_outbox_age_seconds{domain="scan"}': "181x60"},
        {'eco2_outbox_age_seconds{domain="scan"}': "3x60"},
    ),
    "SweeperBusy": (
        {'eco2_sweeper_actions_total{action="emitted"}': "0+3x60"},
        {'eco2_sweeper_actions_total{action="emitted"}': "0+1x60"},
    ),
    "ModelFailing": (
        {
            'eco2_model_calls_total{provider="openai",outcome="ok"}': "0+7x60",
            'eco2_model_calls_total{provider="openai",outcome="timeout"}': "0+3x60",
        },
        {
            'eco2_model_calls_total{provider="openai",outcome="ok"}': "0+9x60",
            'eco2_model_calls_total{provider="openai",outcome="cancelled"}': "0+9x60",
        },
    ),
    "ModelCostHigh": (
        {'eco2_model_cost_usd_total{provider="openai"}': "0+1x60"},
        {'eco2_model_cost_usd_total{provider="openai"}': "0+0.5x60"},
    ),
    "StageSlow": (
        {
            'eco2_function_duration_seconds_bucket{function="scan-vision",le="10"}': "0+5x60",
            'eco2_function_duration_seconds_bucket{function="scan-vision",le="60"}': "0+10x60",
            'eco2_function_duration_seconds_bucket{function="scan-vision",le="+Inf"}': "0+10x60",
        },
        {
            'eco2_function_duration_seconds_bucket{function="scan-vision",le="10"}': "0+10x60",
            'eco2_function_duration_seconds_bucket{function="scan-vision",le="60"}': "0+10x60",
            'eco2_function_duration_seconds_bucket{function="scan-vision",le="+Inf"}': "0+10x60",
        },
    ),
    "TracesOrLogsLost": (
        {
            'otelcol_exporter_send_failed_spans{job="collector",exporter="otlp/jaeger"}': "0+1x60",
            'up{job="collector"}': "1x60",
        },
        {
            'otelcol_exporter_send_failed_log_records{job="log-collector"}': "3x60",
            'up{job="collector"}': "1x60",
            'up{job="log-collector"}': "1x60",
        },
    ),
    "ProgressRouterAway": (
        {'up{job="functions",pod="stream-router-00001-x"}': "0x60"},
        {'up{job="functions",pod="stream-router-00001-x"}': "1x60"},
    ),
    "StreamsNearLimit": ({"eco2_sse_open": "8001x60"}, {"eco2_sse_open": "7999x60"}),
    "ColdStartSlow": (
        {"eco2_ready_time_seconds": "103x60", "process_start_time_seconds": "100x60"},
        {"eco2_ready_time_seconds": "101x60", "process_start_time_seconds": "100x60"},
    ),
    "RabbitMQBelowThree": (
        {'up{job="rabbitmq",pod="0"}': "1x60", 'up{job="rabbitmq",pod="1"}': "1x60"},
        {f'up{{job="rabbitmq",pod="{number}"}}': "1x60" for number in range(3)},
    ),
    "ReplicaBehind": ({"cnpg_pg_replication_lag": "31x60"}, {"cnpg_pg_replication_lag": "0x60"}),
    "BackupOld": (
        {"cnpg_collector_last_available_backup_timestamp": "-95000x60"},
        {"cnpg_collector_last_available_backup_timestamp": "0x60"},
    ),
    "NodeAway": (
        {'kube_node_status_condition{condition="Ready",status="true",node="n"}': "0x60"},
        {'kube_node_status_condition{condition="Ready",status="true",node="n"}': "1x60"},
    ),
}


def test_every_alert_has_series_that_fire_it() -> None:
    assert CASES.keys() == ALERTS.keys() - {"Watchdog"}


@pytest.mark.parametrize("fires", [True, False], ids=["fires", "is quiet"])
def test_alerts_fire_on_what_they_are_for(tmp_path: Path, fires: bool) -> None:
    tests = [_test(alert, bad if fires else good, fires) for alert, (bad, good) in CASES.items()]
    done = _promtool(tmp_path, tests)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_watchdog_fires_without_any_series(tmp_path: Path) -> None:
    done = _promtool(tmp_path, [_test("Watchdog", {"nothing": "0x60"}, fires=True)])
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_would_tell_an_alert_that_does_not_fire(tmp_path: Path) -> None:
    done = _promtool(tmp_path, [_test("QueueGrows", CASES["QueueGrows"][1], fires=True)])
    assert done.returncode != 0
    assert "QueueGrows" in done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_page_that_says_what_it_means_and_how_to_see_and_mend_it(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"page", "ticket", "none"}
    text = (ROOT / rule["annotations"]["runbook"]).read_text()
    for heading in ("What it means", "How to see it", "How to mend it"):
        _, found, after = text.partition(f"## {heading}\n\n")
        assert found, heading
        assert after.partition("\n## ")[0].strip(), heading


def test_every_page_belongs_to_an_alert() -> None:
    pages = {f"docs/runbooks/{path.name}" for path in (ROOT / "docs/runbooks").glob("*.md")}
    assert pages == {rule["annotations"]["runbook"] for rule in ALERTS.values()}


def test_alertmanager_understands_its_configuration_and_sends_pages_and_tickets_apart() -> None:
    config = WATCH / "alertmanager.yaml"
    subprocess.run(["amtool", "check-config", config], check=True, timeout=60, capture_output=True)

    def receiver(*labels: str) -> str:
        command = ["amtool", "config", "routes", "test", f"--config.file={config}", *labels]
        done = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
        return done.stdout.strip()

    assert receiver("alertname=QueueGrows", "severity=page") == "pages"
    assert receiver("alertname=NodeAway", "severity=ticket") == "tickets"
    assert receiver("alertname=Watchdog", "severity=none") == "nobody"


def _test(alert: str, series: Series, fires: bool) -> dict[str, Any]:
    """One case for promtool: whether the alert fires at the end of its series."""
    found = [{"labels": "{}", "value": 1}] if fires else []
    return {
        "interval": "1m",
        "name": alert,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})',
                "eval_time": f"{395 if alert == 'DeadLettersExhausted' else 58}m",  # it looks six hours back
                "exp_samples": found,
            }
        ],
    }


def _promtool(folder: Path, tests: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups()}))
    file = folder / "tests.yaml"
    file.write_text(
        yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests})
    )
    command = ["promtool", "test", "rules", str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
