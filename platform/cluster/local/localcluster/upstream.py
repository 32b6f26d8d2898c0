"""Knative's own manifests, from its modules, fitted to one node: our images, no replicas, hardly any CPU reserved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from localcluster.programs import folder

Object = dict[str, Any]

# Of Go import paths to the programs built here.
_IMPORT_PATHS = {
    "knative.dev/serving/cmd/": "serving-",
    "knative.dev/net-kourier/cmd/": "",
    "knative.dev/eventing/cmd/": "eventing-",
    "knative.dev/eventing-rabbitmq/cmd/controller/broker": "rabbitmq-controller",
    "knative.dev/eventing-rabbitmq/cmd/webhook/broker": "rabbitmq-webhook",
    "knative.dev/eventing-rabbitmq/cmd/": "rabbitmq-",
}
# Autoscaling of the control plane and budgets for its disruption.
_LEFT_OUT_KINDS = {"HorizontalPodAutoscaler", "PodDisruptionBudget"}
# Parts that nothing here uses.
_LEFT_OUT = {("Deployment", "job-sink"), ("Deployment", "request-reply"), ("StatefulSet", "request-reply")}
_SETTINGS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("knative-serving", "config-network"): {"ingress-class": "kourier.ingress.networking.knative.dev"},
    ("knative-serving", "config-domain"): {"eco2.local": ""},
    ("knative-serving", "config-autoscaler"): {
        "allow-zero-initial-scale": "true",
        "stable-window": "30s",
        "scale-to-zero-grace-period": "20s",
    },
    ("knative-serving", "config-deployment"): {
        # Images are imported, not pulled: nobody could answer for their tags. Manifests name digests anyway.
        "registries-skipping-tag-resolving": "eco2.local",
    },
    ("knative-serving", "config-features"): {
        "tag-header-based-routing": "enabled",
        "secure-pod-defaults": "enabled",
        # What overlay prod needs to put functions on its node pools; here it is only validated.
        "kubernetes.podspec-affinity": "enabled",
        "kubernetes.podspec-tolerations": "enabled",
    },
}
# Image and Certificate (Knative's own) are checked by webhooks once those are there.
_FIRST = {"ConfigMap", "Secret", "ServiceAccount", "Image", "Certificate"}
# Of their requests to the API server a second: at the default a Trigger takes three seconds, one after the other.
_CLIENT_LIMITS = {"KUBE_API_QPS": "200", "KUBE_API_BURST": "400"}
_ALIVE_WITHIN_S = 10
RABBITMQ_NAMESPACE = "rabbitmq-system"


def resources() -> list[Object]:
    """Custom resource definitions of Serving, Eventing and RabbitMQ."""
    folders = {
        "serving": ("serving/300-resources", "serving/300-knativecertificate.yaml", "networking", "caching"),
        "eventing": ("eventing/resources",),
        "rabbitmq": ("topology", "cluster/rabbitmq.com_rabbitmqclusters.yaml", "broker"),
    }
    found = _read(folders)
    return [each for each in found if each["kind"] == "CustomResourceDefinition"]


def namespaces() -> list[Object]:
    """The namespaces of the control planes."""
    found = _everything()
    own: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": RABBITMQ_NAMESPACE}}
    return [own, *(each for each in found if each["kind"] == "Namespace")]


def settings(image: Callable[[str], str]) -> list[Object]:
    """What deployments read and run as. `image`: program → reference."""
    return [fitted(each, image) for each in _everything() if _order(each) == 1]


def deployments(image: Callable[[str], str]) -> list[Object]:
    """Deployments, Services and webhooks. `image`: program → reference."""
    return [fitted(each, image) for each in _everything() if _order(each) == 2]


def _order(each: Object) -> int:
    if each["kind"] in ("Namespace", "CustomResourceDefinition"):
        return 0
    return 1 if each["kind"] in _FIRST or each["kind"].endswith(("Role", "RoleBinding")) else 2


def _everything() -> list[Object]:
    found = _read(
        {
            "serving": ("serving", "networking", "caching", "kourier"),
            "eventing": ("eventing", "integrations"),
            "rabbitmq": ("broker",),
        }
    )
    return [each for each in found if each["kind"] not in _LEFT_OUT_KINDS and used(each)]


def used(each: Object) -> bool:
    """Whether something here uses it; the programs of the others are not built."""
    return (each["kind"], each["metadata"]["name"]) not in _LEFT_OUT


def _read(folders: Mapping[str, Iterable[str]]) -> list[Object]:
    found = []
    for module, below in folders.items():
        for name in below:
            path = folder(module) / "manifests" / name
            for file in sorted(path.rglob("*.yaml")) if path.is_dir() else [path]:
                found += [each for each in _documents(file) if each]
    return found


def _documents(file: Path) -> list[Object]:
    with file.open() as stream:
        return [each for each in yaml.load_all(stream, yaml.CSafeLoader) if each and "kind" in each]


def fitted(each: Object, image: Callable[[str], str]) -> Object:
    """An object for few cores, with our images. `image`: program → reference."""
    each = _replaced(each, image)
    metadata = each["metadata"]
    if each["kind"] == "ConfigMap":
        for key, value in _SETTINGS.get((metadata.get("namespace", ""), metadata["name"]), {}).items():
            each.setdefault("data", {})[key] = value
    if each["kind"] == "Service" and each["spec"].get("type") == "LoadBalancer":
        each["spec"]["type"] = "ClusterIP"  # nobody here hands out addresses
    if each["kind"] == "Deployment":
        each["spec"].pop("replicas", None) if metadata["name"] != "pingsource-mt-adapter" else None
        for container in each["spec"]["template"]["spec"]["containers"]:
            # Without a request the limit would be requested.
            container.setdefault("resources", {}).setdefault("requests", {})["cpu"] = "5m"
            environment = [each for each in container.get("env", []) if each["name"] not in _CLIENT_LIMITS]
            container["env"] = environment + [
                {"name": name, "value": value} for name, value in _CLIENT_LIMITS.items()
            ]
            if "livenessProbe" in container:  # where cores are busy, a second's silence is no death
                container["livenessProbe"]["timeoutSeconds"] = _ALIVE_WITHIN_S
            if container["name"] == "kourier-gateway":
                _fit_gateway(container)
    return each


def _fit_gateway(container: Object) -> None:
    """Our image has no shell to drain with, and readiness need not be ten seconds late."""
    container.pop("lifecycle", None)
    container["readinessProbe"] |= {"initialDelaySeconds": 1, "periodSeconds": 1}


def _replaced(value: Any, image: Callable[[str], str]) -> Any:
    match value:
        case dict():
            return {key: _replaced(each, image) for key, each in value.items()}
        case list():
            return [_replaced(each, image) for each in value]
        case str() if value.startswith("ko://"):
            return _reference(value.removeprefix("ko://"), image)
        case str() if value.startswith("docker.io/envoyproxy/envoy:"):
            return image("envoy")
        case _:
            return value


def _reference(import_path: str, image: Callable[[str], str]) -> str:
    for prefix, name in sorted(_IMPORT_PATHS.items(), reverse=True):
        if import_path.startswith(prefix):
            return image(name + import_path.removeprefix(prefix))
    raise AssertionError(f"no program is built from {import_path}")
