"""What Applications take from elsewhere, out of pinned Go modules instead.

A manifest that a project releases as a file is made of the same sources, at the same version. Of a chart there are the
definitions of those custom resources that the platform uses, and a note in its place.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from localcluster.programs import folder, program
from localcluster.toolchain import downloaded

Object = dict[str, Any]

# Application of a chart → module and folder with the definitions that come with it, and the kinds that are used.
DEFINITIONS = {
    "cert-manager": (
        *("github.com/cert-manager/cert-manager@v1.21.2", "deploy/crds"),
        {"Certificate", "Issuer"},
    ),
    "external-secrets": (
        *("github.com/external-secrets/external-secrets@v0.16.2", "config/crds/bases"),
        {"ClusterSecretStore", "ExternalSecret"},
    ),
    "istio-base": (
        *("istio.io/api@v1.28.0", "kubernetes"),
        {"AuthorizationPolicy", "DestinationRule", "Gateway", "PeerAuthentication", "VirtualService"},
    ),
    "prometheus": (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "example/prometheus-operator-crd",
        {"PodMonitor", "PrometheusRule", "ServiceMonitor"},
    ),
    "cloudnative-pg": (
        *("github.com/cloudnative-pg/cloudnative-pg@v1.27.0", "config/crd/bases"),
        {"Cluster", "ScheduledBackup"},
    ),
}
_UNANSWERED = {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}
_TIMEOUT_S = 60


def chart(application: Object) -> list[Object]:
    """What stands for an Application's chart."""
    name, source = application["metadata"]["name"], application["spec"]["source"]
    note: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"chart-{source['chart']}",
            "namespace": application["spec"]["destination"]["namespace"],
        },
        "data": {"version": source["targetRevision"]},
    }
    if name not in DEFINITIONS:
        return [note]
    module, below, used = DEFINITIONS[name]
    found = _read(sorted((downloaded(module) / below).rglob("*.yaml")))
    definitions = [each for each in found if each["kind"] == "CustomResourceDefinition"]
    return [note, *(_definition(each) for each in definitions if each["spec"]["names"]["kind"] in used)]


def _definition(each: Object) -> Object:
    """Without a chart's templates in its labels, without words, and without a converter, which does not run."""
    kept = {
        key: value
        for key, value in each["metadata"].get("annotations", {}).items()
        if key == "api-approved.kubernetes.io"
    }
    spec = {key: _without_words(value) for key, value in each["spec"].items() if key != "conversion"}
    return {
        **{key: each[key] for key in ("apiVersion", "kind")},
        "metadata": {"name": each["metadata"]["name"]} | ({"annotations": kept} if kept else {}),
        "spec": spec,
    }


def _without_words(value: Any) -> Any:
    """A schema without its descriptions, which are most of it; a property of that name is none."""
    match value:
        case dict():
            return {
                key: _without_words(inner)
                for key, inner in value.items()
                if key != "description" or not isinstance(inner, str)
            }
        case list():
            return [_without_words(inner) for inner in value]
        case _:
            return value


def manifest(url: str) -> list[Object]:
    """The objects of a released file. Raises LookupError for one that no module here stands for."""
    try:
        source = _MANIFESTS[url.rpartition("/")[2]]
    except KeyError:
        raise LookupError(f"nothing stands for {url}; gitops.remotes says what there is") from None
    return list(source())


def unanswered(url: str) -> list[Object]:
    """The same for a cluster without machines: nobody answers webhooks there."""
    return [each for each in manifest(url) if each["kind"] not in _UNANSWERED]


def _of_knative(module: str, *below: str) -> Callable[[], Iterator[Object]]:
    """Of the folders that the module's own release script puts into that file."""
    return lambda: _read(
        path for name in below for path in sorted((folder(module) / "manifests" / name).rglob("*.yaml"))
    )


def _of_kustomize(module: str, below: str) -> Callable[[], Iterator[Object]]:
    def built() -> Iterator[Object]:
        command = [str(program("kubectl")), "kustomize", str(downloaded(module, "rabbitmq") / below)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
        return _documents(done.stdout)

    return built


def _of_file(module: str, path: str) -> Callable[[], Iterator[Object]]:
    return lambda: _read([downloaded(module) / path])


_RABBITMQ = "github.com/rabbitmq"
_MANIFESTS: dict[str, Callable[[], Iterator[Object]]] = {
    "serving-core.yaml": _of_knative("serving", "serving", "networking", "caching"),
    "kourier.yaml": _of_knative("serving", "kourier"),
    "eventing-core.yaml": _of_knative("eventing", "eventing", "integrations"),
    "rabbitmq-broker.yaml": _of_knative("rabbitmq", "broker"),
    "cluster-operator.yml": _of_kustomize(f"{_RABBITMQ}/cluster-operator/v2@v2.8.0", "config/installation"),
    "messaging-topology-operator-with-certmanager.yaml": _of_kustomize(
        f"{_RABBITMQ}/messaging-topology-operator@v1.14.0", "config/installation/cert-manager"
    ),
    "local-path-storage.yaml": _of_file(
        "github.com/rancher/local-path-provisioner@v0.0.30", "deploy/local-path-storage.yaml"
    ),
}


class _Loader(yaml.CSafeLoader):
    """YAML 1.1 takes a lone `=`, an operator in enumerations, for a value of its own."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: str(node.value))


def _read(paths: Any) -> Iterator[Object]:
    for path in paths:
        yield from _documents(Path(path).read_text())


def _documents(text: str) -> Iterator[Object]:
    for each in yaml.load_all(text, _Loader):
        if isinstance(each, dict) and "kind" in each:
            yield each
