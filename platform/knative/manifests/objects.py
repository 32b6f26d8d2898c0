"""Kubernetes objects as plain mappings, each checked by the typed model of its kind.

The models (cloudcoil) ignore what they don't know, so an object counts as right only when it comes out of its model
as it went in: a misspelt field is an error here, not something the cluster ignores.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from schemas.func_yaml import NAMESPACE

with warnings.catch_warnings():  # the models have fields that shadow attributes of their base class
    warnings.simplefilter("ignore", UserWarning)
    from cloudcoil.models.knative_eventing.eventing.v1 import Broker, Trigger
    from cloudcoil.models.knative_eventing.sources.v1 import PingSource, SinkBinding
    from cloudcoil.models.knative_serving.serving.v1 import Service
    from cloudcoil.models.kubernetes.apps.v1 import Deployment
    from cloudcoil.models.kubernetes.batch.v1 import Job
    from cloudcoil.models.kubernetes.core.v1 import ConfigMap, Namespace, ServiceAccount
    from cloudcoil.models.kubernetes.core.v1 import Service as CoreService
    from cloudcoil.models.kubernetes.policy.v1 import PodDisruptionBudget

__all__ = ["NAMESPACE", "Object", "UnknownField", "checked", "made", "without"]

Object = dict[str, Any]
PART_OF = {"app.kubernetes.io/part-of": "eco2"}
MODELS: Mapping[str, type[BaseModel]] = {
    "eventing.knative.dev/v1 Broker": Broker,
    "eventing.knative.dev/v1 Trigger": Trigger,
    "sources.knative.dev/v1 PingSource": PingSource,
    "sources.knative.dev/v1 SinkBinding": SinkBinding,
    "serving.knative.dev/v1 Service": Service,
    "apps/v1 Deployment": Deployment,
    "batch/v1 Job": Job,
    "policy/v1 PodDisruptionBudget": PodDisruptionBudget,
    "v1 ConfigMap": ConfigMap,
    "v1 Namespace": Namespace,
    "v1 Service": CoreService,
    "v1 ServiceAccount": ServiceAccount,
}
UNMODELLED = {
    # Beta in Knative Eventing: accepted by the API server and its webhook, absent from the schema.
    "eventing.knative.dev/v1 Trigger": ("spec", "delivery", "timeout"),
}
NO_MODEL = {"eventing.knative.dev/v1alpha1 RabbitmqBrokerConfig"}


class UnknownField(ValueError):
    """An object has something that its kind does not."""


def made(
    api_version: str,
    kind: str,
    name: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    namespace: str | None = NAMESPACE,
    **fields: Any,
) -> Object:
    """Make an object of ours. Raises UnknownField, or pydantic.ValidationError for a wrong type."""
    metadata: Object = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata["labels"] = {"app.kubernetes.io/name": name, **PART_OF, **(labels or {})}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return checked({"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields})


def checked(found: Object) -> Object:
    """Check `found` by the typed model of its kind and return it."""
    name = f"{found['apiVersion']} {found['kind']}"
    if name in NO_MODEL:
        return found
    known = without(found, UNMODELLED[name]) if name in UNMODELLED else found
    read = MODELS[name].model_validate(known).model_dump(mode="json", by_alias=True, exclude_unset=True)
    if lost := sorted(_paths(known) - _paths({**read, "apiVersion": "", "kind": ""})):
        raise UnknownField(f"{name} {found['metadata']['name']} has no {', '.join(lost)}")
    return found


def without(found: Object, path: tuple[str, ...]) -> Object:
    """A copy that lacks the field at `path`."""
    first, *rest = path
    if first not in found:
        return found
    if not rest:
        return {key: value for key, value in found.items() if key != first}
    return {**found, first: without(found[first], tuple(rest))}


def _paths(value: Any, at: str = "") -> set[str]:
    match value:
        case dict():
            return {at}.union(*(_paths(inner, f"{at}.{key}") for key, inner in value.items()))
        case list():
            return {at}.union(*(_paths(inner, f"{at}[{number}]") for number, inner in enumerate(value)))
        case _:
            return {at}
