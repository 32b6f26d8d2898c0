"""The API server and Knative's webhooks take our objects, refuse broken ones, and run what was declared."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from localcluster import kubectl
from manifests.objects import NAMESPACE, made
from manifests.platform import POD_SECURITY
from manifests.pods import RESTRICTED
from manifests.services import service
from manifests.triggers import triggers

from functions.runtime.declaration import EventFunction
from functions.runtime.registry import load, load_all
from schemas.func_yaml import ACCOUNT
from tests.platform.objects import KNATIVE, OVERLAYS

DRY_RUN = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-")
ELSEWHERE = f"eco2-validation-{secrets.token_hex(3)}"
"""Validated as new objects: much of what runs can't be changed in place, which is not the question here."""
MOVED = {NAMESPACE, "rabbitmq"}


@pytest.fixture(scope="module", autouse=True)
def namespace() -> Iterator[None]:
    """One to validate in; a dry run makes none. Knative tries a function's pod, dry, which looks for its account."""
    labels = {f"{POD_SECURITY}/{mode}": "restricted" for mode in ("enforce", "warn")}
    account = {"name": ACCOUNT, "namespace": ELSEWHERE}
    kubectl.apply(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ELSEWHERE, "labels": labels}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
        ]
    )
    yield
    kubectl.attempt("delete", "namespace", ELSEWHERE, "--wait=false")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_passes_strict_validation(overlay: str) -> None:
    rendered = kubectl.run("kustomize", str(KNATIVE / "overlays" / overlay))
    objects = [_moved(each) for each in yaml.load_all(rendered, yaml.CSafeLoader) if each]
    done = kubectl.attempt(*DRY_RUN, stdin=_list(objects))
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr  # of pod security, and of deprecated fields
    assert done.stdout.count("serverside-applied") == len(objects)


def changed(of: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at `a.b.0.c`; None removes it. A `/` in a name is written as it is."""
    copy: dict[str, Any] = json.loads(json.dumps(of))
    *way, last = path.split("|")
    at: Any = copy
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    if value is None:
        del at[last]
    else:
        at[last] = value
    return copy


def _vision() -> EventFunction:
    function = load("scan-vision")
    assert isinstance(function, EventFunction)
    return function


SERVICE = service(load("scan-vision"))
TRIGGER = triggers(_vision())[0]
CONTAINER = "spec|template|spec|containers|0"
SCALING = "spec|template|metadata|annotations|autoscaling.knative.dev"
CLOCK = made(
    "sources.knative.dev/v1",
    "PingSource",
    "broken",
    spec={
        "schedule": "*/5 * * * * *",
        "sink": {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"}},
    },
)
BROKEN = {
    "fewer pods than none": (SERVICE, f"{SCALING}/min-scale", "-1"),
    "more pods at least than at most": (SERVICE, f"{SCALING}/min-scale", "1000"),
    "no class of autoscaler's metric": (SERVICE, f"{SCALING}/metric", "happiness"),
    "less than no request at once": (SERVICE, "spec|template|spec|containerConcurrency", -5),
    "longer than any request": (SERVICE, "spec|template|spec|timeoutSeconds", 100_000),
    "two ports": (SERVICE, f"{CONTAINER}|ports", [{"containerPort": 8080}, {"containerPort": 9090}]),
    "a field that is none": (SERVICE, f"{CONTAINER}|imagee", "x"),
    "no image": (SERVICE, f"{CONTAINER}|image", None),
    "all rights": (SERVICE, f"{CONTAINER}|securityContext|privileged", True),
    "the node's network": (SERVICE, "spec|template|spec|hostNetwork", True),
    "no broker": (TRIGGER, "spec|broker", None),
    "nobody to tell": (TRIGGER, "spec|subscriber", {}),
    "an attribute in capitals": (TRIGGER, "spec|filter|attributes|Type", "x"),
    "fewer retries than none": (TRIGGER, "spec|delivery|retry", -1),
    "a duration in words": (TRIGGER, "spec|delivery|backoffDelay", "2 seconds"),
    "no time at all": (TRIGGER, "spec|delivery|timeout", "PT0S"),
    "a policy of its own": (TRIGGER, "spec|delivery|backoffPolicy", "random"),
    "more workers than there may be": (
        TRIGGER,
        "metadata|annotations|rabbitmq.eventing.knative.dev/parallelism",
        "1001",
    ),
    "a schedule of seven fields": (CLOCK, "spec|schedule", "*/5 * * * * * *"),
    "a schedule in words": (CLOCK, "spec|schedule", "@every 5s"),
}


@pytest.mark.parametrize(("of", "path", "value"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_object_is_refused(of: dict[str, Any], path: str, value: Any) -> None:
    good = changed(of, "metadata|name", "broken")
    assert kubectl.attempt(*DRY_RUN, stdin=_list([good])).returncode == 0
    done = kubectl.attempt(*DRY_RUN, stdin=_list([changed(good, path, value)]))
    assert done.returncode != 0, f"accepted: {path} = {value}"


@pytest.mark.parametrize(
    ("context", "labels", "taken"),
    [
        (RESTRICTED, {}, True),
        ({**RESTRICTED, "seccompProfile": None}, {}, False),
        ({**RESTRICTED, "capabilities": None}, {}, False),
        ({**RESTRICTED, "runAsNonRoot": False}, {}, False),
        ({**RESTRICTED, "allowPrivilegeEscalation": True}, {}, False),
        ({**RESTRICTED, "runAsUser": 0}, {}, False),
        # Of the broker's own pods everything is asked but the profile, which their maker does not set.
        ({**RESTRICTED, "seccompProfile": None}, {"eventing.knative.dev/brokerRole": "dispatcher"}, True),
        ({**RESTRICTED, "capabilities": None}, {"eventing.knative.dev/brokerRole": "dispatcher"}, False),
    ],
)
def test_the_namespace_takes_restricted_pods_only(
    context: dict[str, Any], labels: dict[str, str], taken: bool
) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod-security", "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [
                {
                    "name": "c",
                    "image": "eco2.local/functions:dev",
                    "securityContext": {name: value for name, value in context.items() if value is not None},
                }
            ],
        },
    }
    done = kubectl.attempt(*DRY_RUN, stdin=_list([pod]))
    assert (done.returncode == 0) is taken, done.stderr
    assert taken or "denied request" in done.stderr


def test_what_runs_is_restricted() -> None:
    """Were the namespace to enforce the standard by label, only the broker's own pods would be in the way."""
    label = f"{POD_SECURITY}/enforce=restricted"
    done = kubectl.attempt("label", "--dry-run=server", "--overwrite", "namespace", NAMESPACE, label)
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^Warning: (\S+?)(?: \(and \d+ other pods?\))?: (.+)$", done.stderr, re.MULTILINE)
    assert all(violation == "seccompProfile" for _, violation in found), done.stderr
    assert all("-dispatcher-" in pod or "-broker-ingress-" in pod for pod, _ in found), done.stderr


def test_a_dispatcher_does_what_its_trigger_says() -> None:
    """What was declared is what the broker's controller made of it."""
    found = kubectl.get("deployments", "-n", NAMESPACE, "-l", "eventing.knative.dev/brokerRole=dispatcher")
    running = {each["metadata"]["name"]: _environment(each) for each in found["items"]}
    for function in (each for each in load_all() if isinstance(each, EventFunction)):
        for trigger in triggers(function):
            dispatcher = running[f"{trigger['metadata']['name']}-dispatcher"]
            delivery = trigger["spec"]["delivery"]
            annotations = trigger["metadata"]["annotations"]
            assert dispatcher["RETRY"] == str(delivery["retry"])
            assert dispatcher["BACKOFF_POLICY"] == delivery["backoffPolicy"]
            assert _seconds(dispatcher["TIMEOUT"]) == _seconds(delivery["timeout"])
            assert _seconds(dispatcher["BACKOFF_DELAY"]) == _seconds(delivery["backoffDelay"])
            assert dispatcher["PARALLELISM"] == annotations["rabbitmq.eventing.knative.dev/parallelism"]
            assert dispatcher["DLX_NAME"]  # without it the dispatcher drops what failed


def _environment(deployment: dict[str, Any]) -> dict[str, str]:
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    return {each["name"]: each.get("value", "") for each in container["env"]}


def _seconds(text: str) -> float:
    """Of `PT1M5S`, and of Go's `1m5s` and `200ms`."""
    parts = re.findall(r"([\d.]+)(ms|[hms])", text.removeprefix("PT").lower())
    return round(
        sum(float(number) * {"h": 3600, "m": 60, "s": 1, "ms": 0.001}[unit] for number, unit in parts), 3
    )


def _moved(each: dict[str, Any]) -> dict[str, Any]:
    """Into the namespace for validation, but for a fixed address, of which there is one."""
    metadata = dict(each["metadata"])
    if metadata.get("namespace") in MOVED and each.get("spec", {}).get("clusterIP", "None") == "None":
        metadata["namespace"] = ELSEWHERE
    elif each["kind"] == "Namespace" and metadata["name"] in MOVED:
        metadata["name"] = ELSEWHERE
    return {**each, "metadata": metadata}


def _list(objects: list[dict[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
