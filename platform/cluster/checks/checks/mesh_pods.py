"""The platform's objects as production gets them, and a pod of each kind that they make: what the mesh is about."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from gitops import remotes
from gitops.repository import bring_manifests

from checks import tools

PLATFORM = Path(__file__).resolve().parents[3]
KUSTOMIZED = (
    "knative/overlays/prod",
    "cluster/argocd/knative-serving",
    "cluster/argocd/knative-eventing",
    "cluster/observability",
    "cluster/observability/tracing",
    "cluster/observability/logging",
)
PLAIN = ("cluster/argocd/namespaces", "cluster/argocd/mesh", "cluster/argocd/valkey")
MAKERS = {"Deployment", "StatefulSet", "DaemonSet", "Job"}
# What charts and controllers make, which are not rendered here: name, namespace, labels by which others know it.
MADE_ELSEWHERE = (
    ("gateway", "istio-ingress", {"istio": "gateway"}),
    ("broker-ingress", "eco2", {"eventing.knative.dev/brokerRole": "ingress"}),
    ("dispatcher", "eco2", {"eventing.knative.dev/brokerRole": "dispatcher"}),
    ("postgresql", "postgresql", {"cnpg.io/cluster": "postgresql"}),
    ("cloudnative-pg", "cnpg-system", {"app.kubernetes.io/name": "cloudnative-pg"}),
    ("rabbitmq", "rabbitmq", {"app.kubernetes.io/name": "rabbitmq"}),
    (
        "messaging-topology-operator",
        "rabbitmq-system",
        {"app.kubernetes.io/name": "messaging-topology-operator"},
    ),
    ("prometheus", "monitoring", {"app.kubernetes.io/name": "prometheus"}),
    ("prometheus-operator", "monitoring", {"app": "kube-prometheus-stack-operator"}),
    ("grafana", "monitoring", {"app.kubernetes.io/name": "grafana"}),
)
_TIMEOUT_S = 60

Object = dict[str, Any]


def rendered() -> list[Object]:
    """All objects of the folders above, as Kustomize makes them, with released manifests from their modules."""
    with tempfile.TemporaryDirectory(prefix="eco2-mesh-") as name:
        tree = Path(name)
        for part in ("knative", "cluster/argocd", "cluster/observability"):
            shutil.copytree(PLATFORM / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
        found: list[Object] = []
        for folder in KUSTOMIZED:
            bring_manifests(tree / folder / "kustomization.yaml", remotes.unanswered)
            done = subprocess.run(
                [tools.built("mesh"), "render", str(tree / folder)],
                capture_output=True, text=True, timeout=_TIMEOUT_S, check=True,
            )  # fmt: skip
            found += _objects(done.stdout)
        for folder in PLAIN:
            for path in sorted((tree / folder).glob("*.yaml")):
                found += _objects(path.read_text())
    return found


def pods(objects: list[Object]) -> Iterator[Object]:
    """A running pod of whatever makes pods, then those of `MADE_ELSEWHERE`; addresses are made up."""
    templates = [
        (each["metadata"]["name"], each["metadata"]["namespace"], each["spec"]["template"])
        for each in objects
        if each["kind"] in MAKERS
        or (each["apiVersion"].startswith("serving.knative.dev/") and each["kind"] == "Service")
    ]
    for name, namespace, labels in MADE_ELSEWHERE:
        container = {"name": "istio-proxy" if name == "gateway" else "container", "image": "image"}
        templates.append(
            (name, namespace, {"metadata": {"labels": labels}, "spec": {"containers": [container]}})
        )
    for number, (name, namespace, template) in enumerate(templates, 1):
        metadata = {"labels": {}, "annotations": {}, **template.get("metadata", {})}
        address = f"10.244.{number // 250}.{number % 250 + 1}"
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": metadata["labels"],
                "annotations": metadata["annotations"],
            },
            "spec": _defaulted(template["spec"]),
            "status": {
                "phase": "Running",
                "podIP": address,
                "podIPs": [{"ip": address}],
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        }


def _defaulted(spec: Object) -> Object:
    """With what the API server adds and Istio reads."""
    containers = [
        {**each, "ports": [{"protocol": "TCP", **port} for port in each.get("ports", ())]}
        for each in spec["containers"]
    ]
    return {"serviceAccountName": "default", **spec, "containers": containers}


def endpoints(objects: list[Object], running: list[Object]) -> Iterator[Object]:
    """An EndpointSlice of each Service that selects pods."""
    for service in objects:
        if (service["apiVersion"], service["kind"]) != ("v1", "Service") or "selector" not in service["spec"]:
            continue
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        chosen = [
            each
            for each in running
            if each["metadata"]["namespace"] == namespace
            and service["spec"]["selector"].items() <= each["metadata"]["labels"].items()
        ]
        if not chosen:
            continue
        yield {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {"kubernetes.io/service-name": name},
            },
            "addressType": "IPv4",
            "endpoints": [_endpoint(each) for each in chosen],
            "ports": [
                {"name": port.get("name", ""), "protocol": "TCP", "port": _number(port, chosen[0])}
                for port in service["spec"]["ports"]
            ],
        }


def _endpoint(pod: Object) -> Object:
    reference = {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": True},
        "targetRef": reference,
    }


def _number(port: Object, pod: Object) -> int:
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    named = [each for container in pod["spec"]["containers"] for each in container.get("ports", ())]
    return int(next(each["containerPort"] for each in named if each.get("name") == target))


def _objects(text: str) -> list[Object]:
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]
