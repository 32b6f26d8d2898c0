"""What a node or a controller would say of an object once its work is done: the status that waves wait for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fleet.inventory import Inventory, Node, Prices

Object = dict[str, Any]
FAILS = "rehearsal.eco2/fails"
"""An annotation of a Job's pods: they end with an error."""

JOB_RUNS_S = 3.0
"""So long does a Job's pod work: long enough that what doesn't wait for it is there before its end."""

_POD_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


def node(each: Node, inventory: Inventory, prices: Prices) -> Object:
    """A node of the inventory: its pool's labels and taints, its instance's size."""
    pool = inventory.pools[each.pool]
    size = prices.instances[pool.instance]
    room = {"cpu": str(size.vcpus), "memory": f"{size.memory_mib - 512}Mi", "pods": "110"}
    names = {"kubernetes.io/hostname": each.name, "topology.kubernetes.io/zone": inventory.region + each.zone}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": each.name, "labels": {**names, **pool.labels}},
        "spec": {"taints": [_taint(text) for text in pool.taints]},
        "status": {"capacity": room, "allocatable": room, "conditions": [node_ready()]},
    }


def _taint(text: str) -> dict[str, str]:
    named, _, effect = text.rpartition(":")
    key, _, value = named.partition("=")
    return {"key": key, "effect": effect} | ({"value": value} if value else {})


def node_ready() -> Object:
    """A node's sign of life."""
    return {**_condition("Ready"), "lastHeartbeatTime": _now(), "reason": "KubeletReady"}


def pod(each: Object) -> Object | None:
    """What its node says next of a pod; None while there is nothing new."""
    status = each["status"]
    if not each["spec"].get("nodeName") or status.get("phase") in {"Succeeded", "Failed"}:
        return None
    of_job = any(owner["kind"] == "Job" for owner in each["metadata"].get("ownerReferences", ()))
    if status.get("phase") == "Pending":
        return _running(each)
    if of_job and _seconds_since(status["startTime"]) >= JOB_RUNS_S:
        return _ended(each)
    return None


def _running(each: Object) -> Object:
    began = _now()
    return {
        "phase": "Running",
        "startTime": began,
        "conditions": [_condition(kind) for kind in (*_POD_CONDITIONS, "PodScheduled")],
        "containerStatuses": [
            {
                **_container(container),
                "ready": True,
                "started": True,
                "state": {"running": {"startedAt": began}},
            }
            for container in each["spec"]["containers"]
        ],
    }


def _ended(each: Object) -> Object:
    failed = FAILS in each["metadata"].get("annotations", {})
    ended = {"exitCode": int(failed), "finishedAt": _now(), "reason": "Error" if failed else "Completed"}
    return {
        "phase": "Failed" if failed else "Succeeded",
        "containerStatuses": [
            {**_container(container), "ready": False, "started": False, "state": {"terminated": ended}}
            for container in each["spec"]["containers"]
        ],
    }


def _container(container: Object) -> Object:
    image = container["image"]
    return {"name": container["name"], "image": image, "imageID": image, "restartCount": 0}


def volume(claim: Object) -> Object | None:
    """The volume of a claim whose pod has a node already, as the provisioner would make it."""
    metadata = claim["metadata"]
    chosen = metadata.get("annotations", {}).get("volume.kubernetes.io/selected-node")
    if claim["status"].get("phase") != "Pending" or not chosen:
        return None
    placed = {"key": "kubernetes.io/hostname", "operator": "In", "values": [chosen]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"pvc-{metadata['uid']}"},
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": claim["spec"]["resources"]["requests"],
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                **{key: metadata[key] for key in ("name", "namespace", "uid")},
            },
            "hostPath": {"path": f"/var/lib/eco2/{metadata['uid']}"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [placed]}]}},
            "storageClassName": claim["spec"]["storageClassName"],
        },
    }


def _conditions(*kinds: str) -> Callable[[Object], Object]:
    return lambda each: {
        "observedGeneration": each["metadata"].get("generation", 1),
        "conditions": [_condition(kind) for kind in kinds],
    }


# Path of a kind → what its controller says of one that it has dealt with.
CONTROLLERS: dict[str, Callable[[Object], Object]] = {
    "cert-manager.io/v1/certificates": _conditions("Ready"),
    "cert-manager.io/v1/issuers": _conditions("Ready"),
    "eventing.knative.dev/v1/brokers": _conditions("Ready"),
    "eventing.knative.dev/v1/triggers": _conditions("Ready"),
    "external-secrets.io/v1/clustersecretstores": _conditions("Ready"),
    "external-secrets.io/v1/externalsecrets": _conditions("Ready"),
    "postgresql.cnpg.io/v1/clusters": lambda _each: {"phase": "Cluster in healthy state"},
    "rabbitmq.com/v1beta1/rabbitmqclusters": _conditions("AllReplicasReady", "ClusterAvailable"),
    "serving.knative.dev/v1/services": _conditions("ConfigurationsReady", "RoutesReady", "Ready"),
    "sources.knative.dev/v1/pingsources": _conditions("Ready"),
    "sources.knative.dev/v1/sinkbindings": _conditions("Ready"),
}


def told(kind: str, each: Object) -> Object | None:
    """What its controller says of an object; None when it has said that already."""
    wanted = CONTROLLERS[kind](each)
    status = each.get("status") or {}
    if "conditions" not in wanted:
        return None if status.get("phase") == wanted["phase"] else wanted
    there = {one["type"] for one in status.get("conditions", ()) if one["status"] == "True"}
    known = {one["type"] for one in wanted["conditions"]} <= there
    seen = status.get("observedGeneration", wanted["observedGeneration"])  # not every kind keeps it
    return None if known and seen == wanted["observedGeneration"] else wanted


def _condition(kind: str) -> Object:
    return {
        "type": kind,
        "status": "True",
        "reason": "Rehearsed",
        "message": "",
        "lastTransitionTime": _now(),
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds_since(time: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
