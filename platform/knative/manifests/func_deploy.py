"""Makes of a function's folder what `func deploy --build=false --image IMAGE` does, without the func CLI.

    python -m manifests.func_deploy functions/users/seen --image REPOSITORY@sha256:… | kubectl apply -f -
    python -m manifests.func_deploy functions/users/seen --triggers | kubectl create -f -

The objects are those of Knative Functions 1.21 (github.com/knative/func, pkg/deployer and pkg/knative), as far as our
func.yaml files use them. func knows neither retries nor dead letters: it leaves a Trigger of the same name as it is.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from manifests.objects import Object, checked
from manifests.triggers import subscriber

PORT = 8080
SCALING = {
    "min": "min-scale",
    "max": "max-scale",
    "metric": "metric",
    "target": "target",
    "utilization": "target-utilization-percentage",
}
RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
_REFERENCE = re.compile(r"{{ *(secret|configMap):([-a-z0-9.]+)(?::([-._a-zA-Z0-9]+))? *}}")
_KINDS = {"secret": ("secretRef", "secretKeyRef"), "configMap": ("configMapRef", "configMapKeyRef")}


class Unsupported(ValueError):
    """func.yaml has something that func knows and this does not."""


def service(function: Object, image: str, *, built: datetime) -> Object:
    """The Knative Service. `function` is a func.yaml, `image` a reference by digest. Raises Unsupported."""
    deploy = function["deploy"]
    resources = deploy["options"]["resources"]
    env, env_from = _environment(function["run"]["envs"], built)
    volumes, mounts = _volumes(function["run"].get("volumes", []))
    container: Object = {
        "image": image,
        "env": env,
        "envFrom": env_from,
        "livenessProbe": _probe(deploy["healthEndpoints"]["liveness"]),
        "readinessProbe": _probe(deploy["healthEndpoints"]["readiness"]),
        "resources": {
            "requests": resources["requests"],
            "limits": {name: amount for name, amount in resources["limits"].items() if name != "concurrency"},
        },
        "securityContext": RESTRICTED,
    }
    spec: Object = {
        "containerConcurrency": resources["limits"]["concurrency"],
        "serviceAccountName": deploy["serviceAccountName"],
        "containers": [container],
    }
    if volumes:
        container["volumeMounts"], spec["volumes"] = mounts, volumes
    metadata = {"labels": _labels(function), "annotations": dict(deploy.get("annotations", {}))}
    template = {"labels": _labels(function), "annotations": metadata["annotations"] | _scaling(deploy)}
    return checked(
        {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": {"name": function["name"], "namespace": function["namespace"], **metadata},
            "spec": {"template": {"metadata": template, "spec": spec}},
        }
    )


def triggers(function: Object, uid: str | None = None) -> list[Object]:
    """One Trigger for each subscription, owned by the Service with `uid`, so that they go when it goes."""
    name = function["name"]
    to = subscriber(name)
    owned = {"ownerReferences": [{**to["ref"], "uid": uid}]} if uid else {}
    return [
        checked(
            {
                "apiVersion": "eventing.knative.dev/v1",
                "kind": "Trigger",
                "metadata": {
                    "name": f"{name}-function-trigger-{number}",
                    "namespace": function["namespace"],
                    **owned,
                },
                "spec": {
                    "broker": subscription["source"],
                    "filter": {"attributes": dict(subscription.get("filters", {}))},
                    "subscriber": to,
                },
            }
        )
        for number, subscription in enumerate(function["deploy"].get("subscriptions", []))
    ]


def read(folder: Path, namespace: str | None = None) -> Object:
    """The func.yaml of a folder; `namespace` as func's option of that name."""
    function: Object = yaml.safe_load((folder / "func.yaml").read_text())
    return {**function, "namespace": namespace} if namespace else function


def _labels(function: Object) -> dict[str, str]:
    own = {label["key"]: label.get("value", "") for label in function["deploy"].get("labels", [])}
    return {
        **own,
        "function.knative.dev": "true",
        "function.knative.dev/name": function["name"],
        "function.knative.dev/runtime": function["runtime"],
        "boson.dev/function": "true",
        "boson.dev/runtime": function["runtime"],
    }


def _scaling(deploy: Object) -> dict[str, str]:
    written = {
        name: f"{value:f}" if name in ("target", "utilization") else str(value)
        for name, value in deploy["options"]["scale"].items()
    }
    return {f"autoscaling.knative.dev/{SCALING[name]}": value for name, value in written.items()}


def _probe(path: str) -> Object:
    return {"httpGet": {"path": path, "port": PORT}}


def _environment(envs: list[dict[str, str]], built: datetime) -> tuple[list[Object], list[Object]]:
    env: list[Object] = [{"name": "BUILT", "value": f"{built:%Y%m%dT%H%M%S}"}]
    env_from: list[Object] = []
    for each in envs:
        reference = _REFERENCE.fullmatch(each["value"])
        match (each.get("name"), reference):
            case (str(name), None) if not each["value"].startswith("{{"):
                env.append({"name": name, "value": each["value"]})
            case (str(name), re.Match() as found) if found[3]:
                _, by_key = _KINDS[found[1]]
                env.append({"name": name, "valueFrom": {by_key: {"name": found[2], "key": found[3]}}})
            case (None, re.Match() as found) if not found[3]:
                whole, _ = _KINDS[found[1]]
                env_from.append({whole: {"name": found[2]}})
            case _:
                raise Unsupported(f"run.envs: {each}")
    if not any(each.get("name") == "ADDRESS" for each in envs):
        env.append({"name": "ADDRESS", "value": "0.0.0.0"})  # noqa: S104 - as func sets it, in a pod
    return env, env_from


def _volumes(wanted: list[Any]) -> tuple[list[Object], list[Object]]:
    volumes: list[Object] = []
    mounts: list[Object] = []
    for each in wanted:
        match each:
            case {"secret": str(secret), "path": str(path)}:
                name = f"secret-{secret}"
                source: Object = {"secret": {"secretName": secret}}
            case {"configMap": str(config_map), "path": str(path)}:
                name = f"config-map-{config_map}"
                source = {"configMap": {"name": config_map}}
            case _:
                raise Unsupported(f"run.volumes: {each}")
        volumes.append({"name": name, **source})
        mounts.append({"name": name, "mountPath": path})
    return volumes, mounts


def main() -> None:
    """Print the Service, or the Triggers, as YAML."""
    parser = argparse.ArgumentParser(prog="python -m manifests.func_deploy", description=__doc__)
    parser.add_argument("folder", type=Path, help="of the function, functions/<domain>/<name>")
    parser.add_argument("--namespace", help="instead of func.yaml's")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--image", help="the Service with this image, REPOSITORY@sha256:…")
    what.add_argument("--triggers", action="store_true", help="the Triggers: create, don't apply them")
    arguments = parser.parse_args()
    if not (arguments.folder / "func.yaml").is_file():
        parser.error(f"{arguments.folder} has no func.yaml; give the folder of a function")
    function = read(arguments.folder, arguments.namespace)
    if arguments.triggers:
        objects = triggers(function)
    elif re.search(r"@sha256:[0-9a-f]{64}$", arguments.image):
        objects = [service(function, arguments.image, built=datetime.now(UTC))]
    else:
        parser.error("give --image by digest, REPOSITORY@sha256:…, so that what runs is what was tested")
    yaml.safe_dump_all(objects, sys.stdout, sort_keys=False, allow_unicode=True)


if __name__ == "__main__":
    main()
