"""The OpenTelemetry collectors, run with their own configurations; addresses, folders and waiting times are others."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from localcluster.waiting import wait_for

from checks import tools
from embedded.servers.process import comes_up, end, free_port, last_lines

OBSERVABILITY = Path(__file__).resolve().parents[2] / "observability"
Config = dict[str, Any]
_ARRIVES_S = 60
_GOOD_TRACES = 300
_POD = "eco2_scan-vision-00001-deployment-abc_0000-1111/function"
_WRITTEN = {
    "timestamp": "2026-11-27T12:00:00.250+00:00",
    "level": "INFO",
    "logger": "eco2.scan",
    "message": "classified",
    "task_id": "job-1",
    "user_id": "user-1",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "duration_ms": 41.5,
}


def spans_arrive() -> None:
    """A failed trace and a tenth of the others reach Jaeger's door; how long spans took is there for Prometheus."""
    with tempfile.TemporaryDirectory(prefix="eco2-spans-") as name:
        folder, jaeger = Path(name), free_port()
        config = _local(_read("tracing/collector-config.yaml"))
        door = config["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
        config["exporters"]["otlp/jaeger"]["endpoint"] = f"127.0.0.1:{jaeger}"
        config["processors"]["tail_sampling"]["decision_wait"] = "2s"
        config["connectors"]["spanmetrics"]["metrics_flush_interval"] = "1s"
        _refuses(config, folder)
        with (
            _running(_stand_in_for_jaeger(jaeger), folder / "jaeger") as arrived,
            _running(config, folder / "collector"),
        ):
            failed = _send_spans(f"http://{door}/v1/traces")
            wait_for("the failed trace", lambda: failed in arrived.read_text(), _ARRIVES_S)
            figures = f"http://{config['exporters']['prometheus']['endpoint']}/metrics"
            wait_for("figures of spans", lambda: "eco2_span_calls_total{" in _asked(figures), _ARRIVES_S)
            assert 'faas_name="scan-vision"' in _asked(figures)
            kept = set(re.findall(r"Trace ID\s*: ([0-9a-f]{32})", arrived.read_text())) - {failed}
            assert len(kept) < _GOOD_TRACES / 2, f"{len(kept)} of {_GOOD_TRACES} good traces were kept"


def lines_arrive() -> None:
    """A pod's lines become documents: ours with their own fields, others as a message, each with its pod."""
    with tempfile.TemporaryDirectory(prefix="eco2-lines-") as name:
        folder = Path(name)
        (folder / "read").mkdir()
        config = _local(_read("logging/collector-config.yaml"))
        files = config["receivers"]["filelog"]
        files["include"] = [f"{folder}{path}" for path in files["include"]]
        config["extensions"]["file_storage"]["directory"] = str(folder / "read")
        config["exporters"] = {"debug": {"verbosity": "detailed"}}  # says what would be sent to Elasticsearch
        config["service"]["pipelines"]["logs"]["exporters"] = ["debug"]
        log = folder / "var/log/pods" / _POD / "0.log"
        log.parent.mkdir(parents=True)
        log.write_text(
            f"2026-11-27T12:00:00.300000000Z stdout F {json.dumps(_WRITTEN)}\n"
            "2026-11-27T12:00:01.000000000Z stderr F Traceback (most recent call last):\n"
        )
        with _running(config, folder / "collector") as said:
            wait_for("both lines", lambda: len(_bodies(said)) == 2, _ARRIVES_S)
            documents = _bodies(said)
    pod = {
        "pod_name": "scan-vision-00001-deployment-abc",
        "namespace_name": "eco2",
        "container_name": "function",
    }
    ours, other = sorted(documents, key=lambda each: str(each["@timestamp"]))
    assert ours == {**_WRITTEN, "@timestamp": "2026-11-27T12:00:00.250Z", "kubernetes": pod}, ours
    assert other == {
        "message": "Traceback (most recent call last):",
        "@timestamp": "2026-11-27T12:00:01.000Z",
        "kubernetes": pod,
    }, other


def _bodies(said: Path) -> list[Config]:
    return [json.loads(body) for body in re.findall(r"^Body: Map\((.*)\)$", said.read_text(), re.MULTILINE)]


def _read(path: str) -> Config:
    config: Config = yaml.safe_load((OBSERVABILITY / path).read_text())
    return config


def _local(config: Config) -> Config:
    """Every address that it listens at, on a free port of this machine."""
    text = re.sub(r"0\.0\.0\.0:\d+", lambda _: f"127.0.0.1:{free_port()}", json.dumps(config))
    made: Config = json.loads(text)
    (reader,) = made["service"]["telemetry"]["metrics"]["readers"]
    reader["pull"]["exporter"]["prometheus"] = {"host": "127.0.0.1", "port": free_port()}
    return made


def _refuses(config: Config, folder: Path) -> None:
    """A word that the collector does not know is an error: the check can fail."""
    broken = json.loads(json.dumps(config))
    broken["processors"]["tail_sampling"]["decision_waits"] = "1s"
    (folder / "broken.yaml").write_text(json.dumps(broken))
    command = [tools.built("collector"), "validate", f"--config={folder}/broken.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_ARRIVES_S, check=False)
    assert done.returncode != 0, "an unknown word was taken"
    assert "decision_waits" in done.stderr, done.stderr


def _stand_in_for_jaeger(port: int) -> Config:
    return {
        "extensions": {"health_check": {"endpoint": f"127.0.0.1:{free_port()}"}},
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{port}"}}}},
        "exporters": {"debug": {"verbosity": "detailed", "sampling_initial": 100_000}},
        "service": {
            "extensions": ["health_check"],
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["debug"]}},
        },
    }


@contextmanager
def _running(config: Config, name: Path) -> Iterator[Path]:
    """A collector until the block ends; what it says is in the file."""
    file, log = name.with_suffix(".yaml"), name.with_suffix(".log")
    file.write_text(json.dumps(config))
    health = f"http://{config['extensions']['health_check']['endpoint']}/"
    with log.open("wb") as out:
        process = subprocess.Popen([tools.built("collector"), f"--config={file}"], stdout=out, stderr=out)
    try:
        if not comes_up(process, lambda: bool(_asked(health)), _ARRIVES_S):
            raise AssertionError(f"the collector did not start:\n{last_lines(log)}")
        yield log
    finally:
        end(process)


def _send_spans(url: str) -> str:
    """Many good traces and a failed one, whose id is returned."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import StatusCode

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url)))
    tracer = provider.get_tracer("eco2")
    for number in range(_GOOD_TRACES + 1):
        span = tracer.start_span("handle scan-vision", attributes={"faas.name": "scan-vision"})
        if number == _GOOD_TRACES:
            span.set_status(StatusCode.ERROR)
        span.end()
    provider.shutdown()
    return f"{span.get_span_context().trace_id:032x}"


def _asked(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of this machine
            return str(answer.read().decode())
    except OSError:
        return ""
