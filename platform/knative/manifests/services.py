"""The Knative Service of a function."""

from __future__ import annotations

from typing import Any

from functions.runtime.declaration import EventFunction, Function, HttpFunction
from manifests.objects import PART_OF, Object, made
from manifests.pods import ENVIRONMENT, IMAGE, RESTRICTED, secret
from schemas.func_yaml import ACCOUNT, KEYS_PATH, keys
from schemas.secrets import INSIDE, secrets
from schemas.sizing import MARGIN_S, PREFETCH, sizing

BURST = 200
"""Requests that may come at once; the activator stays in the way, and queues them, until pods can take so many."""
POOL = "eco2/pool"


def service(function: Function) -> Object:
    """The Service, reached inside the cluster only, at `http://<name>.eco2.svc.cluster.local`."""
    size = sizing(function)
    labels = {
        "app.kubernetes.io/name": function.name,
        **PART_OF,
        "app.kubernetes.io/component": "function",
        POOL: pool(function),
    }
    spec: dict[str, Any] = {
        "serviceAccountName": ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containerConcurrency": size.concurrency,
        "timeoutSeconds": size.timeout_s,
    }
    if isinstance(function, HttpFunction) and function.streams:
        spec["responseStartTimeoutSeconds"] = int(function.timeout_s) + 2 * MARGIN_S
    container: dict[str, Any] = {
        "name": "function",
        "image": IMAGE,
        "envFrom": ENVIRONMENT,
        "env": [secret(name, optional=name != INSIDE) for name in secrets(function)],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/health/ready"}},
        "livenessProbe": {"httpGet": {"path": "/health/live"}, "periodSeconds": 20, "failureThreshold": 3},
        "resources": {
            "requests": {"cpu": size.cpu, "memory": size.memory},
            "limits": {"cpu": size.cpu_limit, "memory": size.memory_limit},
        },
        "securityContext": RESTRICTED,
    }
    if mounted := keys(function):
        container["volumeMounts"] = [{"name": "keys", "mountPath": KEYS_PATH, "readOnly": True}]
        spec["volumes"] = [{"name": "keys", "secret": {"secretName": mounted}}]
    return made(
        "serving.knative.dev/v1",
        "Service",
        function.name,
        labels={**labels, "networking.knative.dev/visibility": "cluster-local"},
        spec={
            "template": {
                "metadata": {"labels": labels, "annotations": scaling(function)},
                "spec": {**spec, "containers": [container]},
            }
        },
    )


def scaling(function: Function) -> dict[str, str]:
    """The autoscaler's annotations of a revision."""
    size = sizing(function)
    scale = {
        "class": "kpa.autoscaling.knative.dev",
        "metric": "concurrency",
        "target": size.target,
        # What always runs has a pod to go to; the activator in the way would only be one more thing that can fail.
        "target-burst-capacity": 0 if size.min_scale else BURST,
        "initial-scale": size.min_scale,  # a rollout starts no pods that nobody asked for
        "min-scale": size.min_scale,
        "max-scale": size.max_scale,
        "window": "60s",
    }
    return {f"autoscaling.knative.dev/{name}": str(value) for name, value in scale.items()}


def pool(function: Function) -> str:
    """The pool of nodes that a function belongs to: for waiting on models, recording events, or users' requests."""
    match function:
        case EventFunction(in_flight=in_flight) if in_flight > PREFETCH:
            return "worker-ai"
        case EventFunction():
            return "worker-storage"
        case _:
            return "general"
