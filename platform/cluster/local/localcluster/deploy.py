"""Our own manifests onto a cluster: secrets, then the overlay, what others need first."""

from __future__ import annotations

import base64
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from functions.auth.keys import ensure_keys
from functions.auth.public_keys import public_halves
from localcluster import backing, kubectl
from localcluster.errors import ClusterError
from localcluster.function_image import REPOSITORY
from localcluster.images import Images
from localcluster.network import NODE
from localcluster.paths import ROOT
from localcluster.progress import Progress
from schemas.func_yaml import KEYS, NAMESPACE, VERIFYING_KEYS
from schemas.secrets import INSIDE, readers

_OVERLAYS = ROOT / "platform" / "knative" / "overlays"
_REDIS_ROLES = ("STREAMS", "PUBSUB", "CACHE", "AUTH", "STATE")
# A SinkBinding gives K_SINK to Services that come after it; one that it finds there gets a second revision.
_WAVES: tuple[set[str], ...] = (
    set(),
    {"Service.serving.knative.dev", "Deployment"},
    {"Trigger", "PingSource"},
)
# What must be ready before the next wave, as `kubectl wait` names it.
_CONDITIONS = {
    "Job": "Complete",
    "Broker": "Ready",
    "SinkBinding": "Ready",
    "Deployment": "Available",
    "Service.serving.knative.dev": "Ready",
    "Trigger": "Ready",
    "PingSource": "Ready",
}
_WAIT_S = 300


def functions(progress: Progress, images: Images, addresses: backing.Addresses) -> None:
    """Deploy on this machine's cluster and wait until everything is ready. Raises ClusterError."""
    kubectl.apply([namespace()])
    kubectl.apply(credentials(addresses))
    pinned = {image.repository: image.pinned for image in (images["functions"], images["envoy"])}
    _overlay(progress, "local", pinned)


def to_foreign(progress: Progress) -> None:
    """Deploy on the cluster of KUBECONFIG: overlay and image come from the environment. Raises ClusterError."""
    image = os.environ.get("ECO2_IMAGE", "")
    if "@sha256:" not in image:
        raise ClusterError(
            "KUBECONFIG names a cluster: set ECO2_IMAGE to the functions' image in a registry that it reaches, by "
            "digest (REPOSITORY@sha256:…); platform/cluster/local/README.md says how to push it"
        )
    _overlay(progress, os.environ.get("ECO2_OVERLAY", "dev"), {REPOSITORY: image})


def _overlay(progress: Progress, name: str, pinned: Mapping[str, str]) -> None:
    for objects in waves(rendered(name, pinned)):
        _apply(objects)
        progress.step("ready: " + ", ".join(sorted({each["kind"] for each in objects})))


def rendered(overlay: str, pinned: Mapping[str, str]) -> list[dict[str, Any]]:
    """The overlay's objects with images by digest (image name → `repository@digest`)."""
    with tempfile.TemporaryDirectory(prefix="eco2-overlay-") as folder:
        images = [
            {"name": name, "newName": reference.split("@")[0], "digest": reference.split("@")[1]}
            for name, reference in pinned.items()
        ]
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [os.path.relpath(_OVERLAYS / overlay, Path(folder).resolve())],
            "images": images,
        }
        Path(folder, "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        text = kubectl.run("kustomize", folder)
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]


def waves(objects: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """In the order in which they are applied."""

    def wave(each: dict[str, Any]) -> int:
        return next((number for number, kinds in enumerate(_WAVES) if _kind(each) in kinds), 0)

    return [list(group) for _, group in groupby(sorted(objects, key=wave), wave)]


def _apply(objects: list[dict[str, Any]]) -> None:
    for each in objects:
        if each["kind"] == "Job":  # a Job can't be changed, and a finished one is not run again
            kubectl.run("delete", "job", each["metadata"]["name"], "-n", NAMESPACE, "--ignore-not-found")
    kubectl.apply(objects)
    for condition in sorted(set(_CONDITIONS.values())):
        names = [
            f"{kind.lower()}/{each['metadata']['name']}"
            for each in objects
            if _CONDITIONS.get(kind := _kind(each)) == condition
        ]
        if names:
            kubectl.wait(condition, *names, "-n", NAMESPACE, timeout_s=_WAIT_S)


def _kind(each: Mapping[str, Any]) -> str:
    kind = str(each["kind"])
    of_knative = kind == "Service" and each["apiVersion"].startswith("serving.knative.dev/")
    return "Service.serving.knative.dev" if of_knative else kind


def namespace() -> dict[str, Any]:
    """The functions' namespace."""
    return next(iter(yaml.safe_load_all((_OVERLAYS.parent / "base" / "namespace.yaml").read_text())))


def credentials(at: backing.Addresses) -> list[dict[str, Any]]:
    """The namespace's Secrets: where stores are, and keys that an earlier start left or new ones."""
    # func's deployments want every key to be there, used or not.
    values = dict.fromkeys(readers(), "")
    values |= {"ECO2_DATABASE_URL": at.database, "ECO2_OBJECTS_SECRET_KEY": at.password}
    values |= {f"ECO2_REDIS_{role}_URL": at.redis for role in _REDIS_ROLES}
    values[INSIDE] = _there("eco2-secrets").get(INSIDE) or secrets.token_hex(32)
    signing = _there(KEYS) or _signing_keys()
    return [
        _secret("eco2-secrets", values),
        _secret(
            "eco2-rabbitmq",
            {
                "uri": f"http://{NODE}:{backing.MANAGEMENT_PORT}",
                "port": str(backing.AMQP_PORT),
                "username": "eco2",
                "password": at.amqp_password,
            },
        ),
        _secret(KEYS, signing),
        _secret(VERIFYING_KEYS, public_halves(signing)),
    ]


def _there(name: str) -> dict[str, str]:
    """The values of a Secret that an earlier start left; empty where there is none."""
    found = kubectl.attempt("get", "secret", name, "-n", NAMESPACE, "-o", "json")
    data = json.loads(found.stdout)["data"] if found.returncode == 0 else {}
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def _secret(name: str, values: Mapping[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(values)}


def _signing_keys() -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="eco2-keys-") as folder:
        ensure_keys(Path(folder))
        return {path.name: path.read_text() for path in Path(folder).iterdir()}
