"""The cluster's lifecycle as far as it needs no cluster: processes, certificates, manifests, order, errors."""

from __future__ import annotations

import base64
import json
import signal
import ssl
import subprocess
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID
from localcluster import deploy, kubectl, lifecycle, pki, preflight, processes, programs, toolchain, upstream
from localcluster.errors import ClusterError
from localcluster.progress import Progress
from localcluster.waiting import wait_for


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders of a cluster that nobody else has."""
    monkeypatch.setattr(processes, "STATE", tmp_path)
    monkeypatch.setattr(processes, "PIDS", tmp_path / "pids")
    monkeypatch.setattr(processes, "LOGS", tmp_path / "log")
    monkeypatch.setattr(pki, "PKI", tmp_path / "pki")
    return tmp_path


def test_a_process_is_started_once_and_ended_by_pid(state: Path) -> None:
    pid = processes.start("sleeper", ["sleep", "60"], isolated=False)
    assert processes.start("sleeper", ["sleep", "60"], isolated=False) == pid
    assert processes.running("sleeper") == pid
    processes.stop("sleeper")
    assert processes.running("sleeper") is None
    assert not Path(f"/proc/{pid}").exists()
    assert processes.names() == []


def test_a_second_start_leaves_an_unchanged_configuration_alone(state: Path) -> None:
    file = state / "sleeper.json"

    def start(content: str) -> int:
        processes.configure("sleeper", file, content)
        return processes.start("sleeper", ["sleep", "60"], isolated=False)

    pid = start("{}")
    written = file.stat().st_mtime_ns
    assert (start("{}"), file.stat().st_mtime_ns) == (pid, written)
    assert start('{"other": 1}') != pid
    processes.stop("sleeper")


def test_a_process_that_has_ended_by_itself_is_told(state: Path) -> None:
    processes.start("brief", ["sh", "-c", "echo why; exit 1"], isolated=False)
    wait_for("its end", lambda: processes.running("brief") is None, 10)
    with pytest.raises(ClusterError, match="why"):
        processes.must_all_run()


def test_one_that_ignores_sigterm_is_killed(state: Path) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 1; done"
    pid = processes.start("stubborn", ["sh", "-c", script], isolated=False)
    wait_for("the trap", lambda: "ready" in (state / "log" / "stubborn.log").read_text(), 10)
    processes.stop("stubborn", timeout_s=0.2)
    assert processes.running("stubborn") is None
    subprocess.run(["pkill", "-KILL", "-g", str(pid)], check=False, timeout=5)  # its `sleep`


def test_a_pid_that_somebody_else_has_now_is_left_alone(state: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (state / "pids").mkdir()
        (state / "pids" / "old").write_text(f"{bystander.pid} 1")  # the same pid, started at another time
        processes.stop("old")
        assert bystander.poll() is None
        assert processes.names() == []
    finally:
        bystander.send_signal(signal.SIGKILL)
        bystander.wait(5)


def test_what_ended_says_so_with_the_end_of_its_log(state: Path) -> None:
    processes.start("broken", ["sh", "-c", "echo no such flag >&2; exit 1"], isolated=False)
    wait_for("its end", lambda: processes.running("broken") is None, 10)
    with pytest.raises(ClusterError, match="no such flag"):
        processes.must_run("broken")


def test_certificates_are_of_one_authority_and_private(state: Path) -> None:
    pki.make()
    server = x509.load_pem_x509_certificate((state / "pki" / "apiserver.crt").read_bytes())
    server.verify_directly_issued_by(x509.load_pem_x509_certificate((state / "pki" / "ca.crt").read_bytes()))
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "kubernetes.default.svc" in names.get_values_for_type(x509.DNSName)
    assert {"10.99.0.1", "10.96.0.1"} <= {str(ip) for ip in names.get_values_for_type(x509.IPAddress)}
    assert all(path.stat().st_mode & 0o77 == 0 for path in (state / "pki").iterdir())
    ssl.create_default_context(cafile=state / "pki" / "ca.crt").load_cert_chain(
        state / "pki" / "admin.crt", state / "pki" / "admin.key"
    )


def test_a_kubeconfig_names_its_client(state: Path) -> None:
    pki.make()
    written = json.loads((state / "pki" / "kubelet.kubeconfig").read_text())
    certificate = x509.load_pem_x509_certificate(
        base64.b64decode(written["users"][0]["user"]["client-certificate-data"])
    )
    assert certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:nodes"


def test_a_second_start_keeps_the_keys(state: Path) -> None:
    pki.make()
    before = (state / "pki" / "sa.key").read_bytes()
    pki.make()
    assert (state / "pki" / "sa.key").read_bytes() == before


MANIFESTS = """
kind: Deployment
metadata: {name: activator, namespace: knative-serving}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: activator
        image: ko://knative.dev/serving/cmd/activator
        resources: {requests: {cpu: 300m, memory: 60Mi}, limits: {cpu: 1000m}}
---
kind: HorizontalPodAutoscaler
metadata: {name: activator}
---
kind: ConfigMap
metadata: {name: config-network, namespace: knative-serving}
data: {_example: text}
---
kind: Service
metadata: {name: kourier}
spec: {type: LoadBalancer}
---
kind: CustomResourceDefinition
metadata: {name: services.serving.knative.dev}
"""


@pytest.fixture
def upstreams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Knative's modules with a few manifests."""
    for module, copies in programs.MANIFESTS.items():
        for _, _, name in copies:
            (tmp_path / module / "manifests" / name).mkdir(parents=True)
    (tmp_path / "serving" / "manifests" / "serving" / "all.yaml").write_text(MANIFESTS)
    monkeypatch.setattr(upstream, "folder", lambda module: tmp_path / module)


@pytest.mark.usefixtures("upstreams")
def test_upstream_manifests_are_fitted_to_one_node() -> None:
    service, deployment = sorted(
        upstream.deployments(lambda name: f"eco2.local/{name}@sha256:0"), key=lambda each: str(each["kind"])
    )[::-1]
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "eco2.local/serving-activator@sha256:0"
    assert container["resources"]["requests"] == {"cpu": "5m", "memory": "60Mi"}
    assert "replicas" not in deployment["spec"]
    assert service["spec"]["type"] == "ClusterIP"
    [settings] = upstream.settings(str)
    assert settings["data"]["ingress-class"] == "kourier.ingress.networking.knative.dev"


def test_services_come_after_the_sink_binding_and_before_triggers() -> None:
    objects = """
    - {kind: Trigger, apiVersion: eventing.knative.dev/v1, metadata: {name: t}}
    - {kind: Service, apiVersion: serving.knative.dev/v1, metadata: {name: f}}
    - {kind: Service, apiVersion: v1, metadata: {name: edge}}
    - {kind: SinkBinding, apiVersion: sources.knative.dev/v1, metadata: {name: s}}
    """
    waves = deploy.waves(yaml.safe_load(objects))
    assert [[each["metadata"]["name"] for each in wave] for wave in waves] == [["edge", "s"], ["f"], ["t"]]


def test_a_foreign_cluster_needs_an_image_by_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/elsewhere/kubeconfig")
    monkeypatch.setenv("ECO2_IMAGE", "registry.example.com/eco2/functions:latest")
    assert kubectl.foreign()
    assert preflight.incapable() == []
    with pytest.raises(ClusterError, match="by digest"):
        lifecycle.up(Progress())


def test_a_machine_that_can_not_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "root" in preflight.incapable()[0]
    with pytest.raises(ClusterError, match="can't run a cluster"):
        lifecycle.up(Progress())


def test_waiting_ends() -> None:
    with pytest.raises(ClusterError, match=r"never: not within 0 s"):
        wait_for("never", lambda: False, 0.05, every_s=0.01)


@pytest.mark.parametrize(
    ("told", "enough"), [("go1.26.8", True), ("go2.0", True), ("go1.19.8", False), ("", False)]
)
def test_a_go_that_is_too_old_is_not_used(tmp_path: Path, told: str, enough: bool) -> None:
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\necho {told}\n")
    go.chmod(0o755)
    assert toolchain.new_enough(str(go)) is enough
