"""What `func deploy` would apply serves requests and events on the real cluster, in a namespace of its own.

The commands are those of docs/deploy-a-function.md.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from eventing.catalogue import to_event
from functions.auth.events import SessionOpened
from functions.runtime.registry import load
from process.inside import FIELD
from schemas.generate import ROOT
from schemas.secrets import INSIDE
from tests.cluster.conftest import Cluster
from tests.functions.examples import example

PAGE = (ROOT / "docs/deploy-a-function.md").read_text()
COMMANDS = re.findall(r"^```sh cluster\n(.*?)^```", PAGE, re.M | re.S)
DELIVERED_S = 60
IN_RABBITMQ = ",".join(f"{kind}.rabbitmq.com" for kind in ("bindings", "policies", "queues", "exchanges"))


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    """Empty but for what func.yaml refers to: settings, secrets, account, Broker."""
    name = f"func-{uuid.uuid4().hex[:6]}"
    labels = {
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/warn": "restricted",
    }
    objects: list[Any] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "functions", "namespace": name}},
    ]
    for kind, wanted in (
        ("configmap", "eco2-settings"),
        ("secret", "eco2-secrets"),
        ("secret", "eco2-rabbitmq"),
        ("rabbitmqbrokerconfig", "default"),
        ("broker", "default"),
    ):
        found = cluster.get(kind, wanted)
        found["metadata"] = {"name": wanted, "namespace": name, "annotations": _own(found)}
        found.pop("status", None)
        objects.append(json.loads(json.dumps(found).replace('"namespace": "eco2"', f'"namespace": "{name}"')))
    cluster.kubectl("apply", "-n", name, "-f", "-", stdin=yaml.safe_dump_all(objects))
    cluster.kubectl("wait", "broker/default", "-n", name, "--for=condition=Ready", "--timeout=110s")
    yield name
    # What lies in RabbitMQ is removed with the Secret's help, so the Secret goes last.
    for kinds in ("triggers,brokers,ksvc", IN_RABBITMQ):
        cluster.kubectl("delete", kinds, "--all", "-n", name, "--cascade=foreground", "--timeout=110s")
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def _own(found: Any) -> dict[str, str]:
    """Annotations that say what is wanted, not who did what."""
    every = found["metadata"].get("annotations", {})
    wanted = ("eventing.knative.dev/broker.class", "rabbitmq.eventing.knative.dev/")
    return {name: value for name, value in every.items() if name.startswith(wanted)}


def deploy(cluster: Cluster, function: str, namespace: str) -> str:
    """Run the page's commands; what they print."""
    folder = load(function).folder.relative_to(ROOT)
    environment = {"FOLDER": str(folder), "NAME": function, "NAMESPACE": namespace, "IMAGE": cluster.image}
    script = "\n".join(COMMANDS)
    if not yaml.safe_load((ROOT / folder / "func.yaml").read_text())["deploy"].get("subscriptions"):
        script = "\n".join(line for line in script.splitlines() if "trigger" not in line)  # as the page says
    ran = subprocess.run(
        ["sh", "-ec", script],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout[-3000:]}{ran.stderr[-3000:]}"
    assert "violate PodSecurity" not in ran.stderr
    return ran.stdout


def address(cluster: Cluster, service: str, namespace: str) -> str:
    return cluster.kubectl(
        "get", "service", service, "-n", namespace, "-o", "jsonpath={.spec.clusterIP}"
    ).strip()


def ask(
    address: str, host: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address, 80, timeout=60)
    try:
        connection.request("POST" if body else "GET", path, body, {"Host": host, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_an_http_function_answers(cluster: Cluster, namespace: str) -> None:
    deploy(cluster, "scan-categories", namespace)
    ingress = address(cluster, "kourier-internal", "kourier-system")
    host = f"scan-categories.{namespace}.svc.cluster.local"
    assert ask(ingress, host, "/api/v1/scan/categories")[0] == 403  # past the edge nobody checks who asks
    secret = base64.b64decode(cluster.get("secret", "eco2-secrets")["data"][INSIDE]).decode()
    status, body = ask(ingress, host, "/api/v1/scan/categories", headers={FIELD: secret})
    assert status == 200
    assert json.loads(body)
    service = cluster.get("ksvc", "scan-categories", "-n", namespace)
    assert service["status"]["url"] == f"http://{host}"  # inside the cluster only
    assert service["metadata"]["labels"]["function.knative.dev/name"] == "scan-categories"


def test_an_event_function_gets_its_events_and_a_trigger_that_is_there_stays(
    cluster: Cluster, namespace: str
) -> None:
    assert "users-seen-function-trigger-0" in deploy(cluster, "users-seen", namespace)
    event = to_event(example(SessionOpened, user_id=str(uuid.uuid4())), source="/eco2/tests", subject="s1")
    headers, body = event.to_binary()
    broker = address(cluster, "default-broker-ingress", namespace)
    status, _ = ask(broker, f"default-broker-ingress.{namespace}.svc.cluster.local", "/", body, headers)
    assert status == 202

    ingress = address(cluster, "kourier-internal", "kourier-system")
    counted = re.compile(rb'_count{function="users-seen",status="204"} [1-9]')
    deadline = time.monotonic() + DELIVERED_S
    while True:
        status, metrics = ask(ingress, f"users-seen.{namespace}.svc.cluster.local", "/metrics")
        if status == 200 and counted.search(metrics):
            break
        assert time.monotonic() < deadline, f"not delivered: {status} {metrics[-2000:]!r}"
        time.sleep(0.5)

    owner = (
        "get",
        "trigger",
        "users-seen-function-trigger-0",
        "-n",
        namespace,
        "-o",
        "jsonpath={.metadata.uid}",
    )
    before = cluster.kubectl(*owner)
    with pytest.raises(AssertionError, match=r"already exists|AlreadyExists"):
        deploy(cluster, "users-seen", namespace)
    assert cluster.kubectl(*owner) == before
