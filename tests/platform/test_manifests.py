"""The cluster's objects are what the declarations say, hang together, and ask for no right they don't need."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from manifests.eventing import cron
from manifests.files import BASE, files
from manifests.objects import UnknownField, made
from manifests.triggers import duration

from eventing.catalogue import registered
from eventing.ids import SHARDS
from functions.images.events import PictureExpected
from functions.ops.clocks import CLOCKS
from functions.providers.settings import ProviderSettings
from functions.runtime.declaration import EventFunction, HttpFunction
from functions.runtime.registry import QUARANTINE, load_all
from process.declared import check
from process.settings import ProcessSettings, read
from schemas.sizing import PREFETCH, sizing
from tests.platform.objects import KNATIVE, OVERLAYS, kustomizations, of_kind, pod_specs

SECONDS = re.compile(r"PT([\d.]+)S")
TUNNEL = 15008
"""The port of a mesh, through which production's pods speak whichever the other's port is."""
ALWAYS_ON = {"chat-stream", "scan-stream", "stream-router"}


def test_generated_objects_are_up_to_date() -> None:
    stale = [str(path) for path, text in files().items() if _read(BASE / path) != text]
    assert not stale, "run `make manifests`"


def test_no_function_is_left_behind() -> None:
    there = {path.relative_to(BASE) for path in (BASE / "functions").glob("*.yaml")}
    assert there <= files().keys()


def test_every_event_has_somebody_who_takes_it() -> None:
    """A broker accepts an event that nobody takes, and it is gone."""
    types = {name for name, data in registered().items() if data.__module__.startswith("functions.")}
    taken = {filtered.get("tick", filtered["type"]) for filtered in map(_filter, of_kind("Trigger"))}
    assert types == taken


def test_triggers_of_one_function_share_its_events_without_gap_or_overlap() -> None:
    for function in _event_functions():
        shards = [_filter(trigger).get("shard") for trigger in _triggers(function)]
        assert shards == ([None] if len(shards) == 1 else [str(number) for number in range(SHARDS)])


def test_enough_events_can_be_in_flight() -> None:
    for function in _event_functions():
        workers = [
            int(trigger["metadata"]["annotations"]["rabbitmq.eventing.knative.dev/parallelism"])
            for trigger in _triggers(function)
        ]
        assert sum(workers) >= function.in_flight
        assert max(workers) <= PREFETCH  # a dispatcher is given no more events than that


def test_timeouts_nest() -> None:
    """Model call < handler < delivery < request: who is further inside gives up first, and can say why."""
    model_s = ProviderSettings().model_timeout_s
    for function in load_all():
        request_s = _service(function.name)["spec"]["template"]["spec"]["timeoutSeconds"]
        assert function.timeout_s < request_s <= 600, function.name
        if isinstance(function, EventFunction):
            for trigger in _triggers(function):
                matched = SECONDS.fullmatch(trigger["spec"]["delivery"]["timeout"])
                assert matched, function.name
                assert function.timeout_s < float(matched[1]) < request_s, function.name
            assert function.in_flight <= PREFETCH or model_s < function.timeout_s


def test_every_trigger_says_itself_what_becomes_of_an_event_that_fails() -> None:
    """What a Trigger leaves out it does not get from its Broker."""
    for function in _event_functions():
        for trigger in _all_triggers(function):
            delivery = trigger["spec"]["delivery"]
            assert delivery["retry"] == function.retry
            assert delivery["backoffPolicy"] == function.backoff_policy
            assert delivery["backoffDelay"] == duration(function.backoff_delay_s)
            assert delivery["deadLetterSink"]["ref"]["name"] == QUARANTINE
            assert trigger["spec"]["subscriber"]["ref"]["name"] == function.name


def test_what_wakes_a_function_comes_to_its_own_path() -> None:
    for function in _event_functions():
        waking = [
            _named(trigger) for trigger in _all_triggers(function) if trigger not in _triggers(function)
        ]
        wanted = [(function.wakes_on.type, "/wake")] if function.wakes_on else []
        assert waking == wanted, function.name


def test_the_stages_that_a_user_waits_for_are_woken_before_their_events_come() -> None:
    woken = {function.stage for function in _event_functions() if function.wakes_on is PictureExpected}
    assert {"vision", "rule", "answer", "reward"} <= woken


def test_the_quarantine_gets_no_events_but_dead_letters() -> None:
    subscribers = {trigger["spec"]["subscriber"]["ref"]["name"] for trigger in of_kind("Trigger")}
    assert QUARANTINE not in subscribers
    assert _service(QUARANTINE)


def test_every_clock_has_a_pingsource() -> None:
    clocks = {
        clock["metadata"]["name"]: (
            clock["spec"]["ceOverrides"]["extensions"]["tick"],
            clock["spec"]["schedule"],
            json.loads(clock["spec"]["data"]),
        )
        for clock in of_kind("PingSource")
    }
    assert clocks == {each.name: (each.event.type, cron(max(60, each.every_s)), each.data) for each in CLOCKS}


@pytest.mark.parametrize(
    ("every_s", "schedule"), [(5, "*/5 * * * * *"), (60, "0 */1 * * * *"), (300, "0 */5 * * * *")]
)
def test_cron_says_seconds(every_s: int, schedule: str) -> None:
    assert cron(every_s) == schedule


def test_cron_refuses_what_it_would_say_wrong() -> None:
    with pytest.raises(ValueError, match="every 45 seconds"):
        cron(45)


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "PT0.2S"), (5, "PT5S"), (50.0, "PT50S")])
def test_durations_are_iso_8601(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_functions_are_reached_inside_the_cluster_only() -> None:
    for service in _services():
        labels = service["metadata"]["labels"]
        assert labels["networking.knative.dev/visibility"] == "cluster-local", service["metadata"]["name"]
    assert {each["metadata"]["name"] for each in _services()} == {f.name for f in load_all()}


def test_functions_that_ask_outside_may_and_nobody_else() -> None:
    """A function left out would fail on a cluster alone; a name that is none's would never be noticed."""
    (policy,) = [
        each for each in of_kind("NetworkPolicy") if each["metadata"]["name"] == "functions-to-the-internet"
    ]
    (allowed,) = policy["spec"]["podSelector"]["matchExpressions"]
    asking = {"chat-agent", "chat-resume", "locations-search", "locations-suggest", "news-collect"}
    asking |= {"scan-answer", "scan-vision"}
    assert asking <= set(allowed["values"]) <= {function.name for function in load_all()}


def test_everything_scales_to_zero_but_gateway_and_router() -> None:
    for service in _services():
        scaling = service["spec"]["template"]["metadata"]["annotations"]
        least = int(scaling["autoscaling.knative.dev/min-scale"])
        assert least == (1 if service["metadata"]["name"] in ALWAYS_ON else 0)
        assert int(scaling["autoscaling.knative.dev/initial-scale"]) == least
        assert scaling["autoscaling.knative.dev/class"] == "kpa.autoscaling.knative.dev"


def test_a_pod_is_asked_for_no_more_than_its_limit() -> None:
    for function in load_all():
        assert sizing(function).target <= sizing(function).concurrency <= 1000  # Knative's own limit


def test_only_sign_in_has_keys_of_tokens_and_private_ones_only_who_issues_them() -> None:
    mounted = {"eco2-signing-keys": set[str](), "eco2-verifying-keys": set[str]()}
    for service in _services():
        for volume in service["spec"]["template"]["spec"].get("volumes", []):
            mounted[volume["secret"]["secretName"]].add(service["metadata"]["name"])
    of_sign_in = {function.name for function in load_all() if function.domain == "auth"}
    assert {"auth-refresh", "auth-local-login"} <= mounted["eco2-signing-keys"] <= of_sign_in
    assert {"auth-authorize", "auth-jwks"} <= mounted["eco2-verifying-keys"] <= of_sign_in
    assert not mounted["eco2-signing-keys"] & mounted["eco2-verifying-keys"]


def test_a_pod_is_given_single_secrets_never_all_of_them() -> None:
    for name, pod in pod_specs():
        for container in pod["containers"]:
            whole = [each for each in container.get("envFrom", []) if "secretRef" in each]
            assert not whole, name


def test_every_way_out_of_a_pod_has_a_destination() -> None:
    policies = [policy for policy in of_kind("NetworkPolicy") if policy["metadata"]["namespace"] == "eco2"]
    assert len(policies) > 5
    for policy in policies:
        for rule in policy["spec"].get("egress", []):
            assert rule["to"], policy["metadata"]["name"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_overlay_says_where_its_stores_are(overlay: str) -> None:
    text = (KNATIVE / "overlays" / overlay / "network-policies.yaml").read_text()
    policies = {each["metadata"]["name"]: each for each in yaml.safe_load_all(text)}
    for name, ports in (("to-stores", [5432, 6379]), ("to-rabbitmq", [5672])):
        (rule,) = policies[name]["spec"]["egress"]
        assert rule["to"]
        assert [port["port"] for port in rule["ports"]] == (ports if overlay != "prod" else [TUNNEL])


def test_nobody_gets_to_functions_around_the_edge() -> None:
    """Behind the ingress `x-user-id` is believed: its cluster-local port takes the edge and dispatchers only."""
    policy = yaml.safe_load((KNATIVE / "components/ingress/network-policies.yaml").read_text())
    assert policy["metadata"]["namespace"] == "kourier-system"
    local, public = policy["spec"]["ingress"]
    assert [port["port"] for port in local["ports"]] == [8081]
    assert 8081 not in [port["port"] for port in public["ports"]]
    pods = [each["podSelector"]["matchLabels"] for each in local["from"] if "podSelector" in each]
    assert pods == [{"app.kubernetes.io/name": "edge"}, {"eventing.knative.dev/brokerRole": "dispatcher"}]


def test_functions_that_the_edge_calls_know_it_by_a_secret() -> None:
    (edge,) = (each for each in of_kind("Deployment") if each["metadata"]["name"] == "edge")
    shown = edge["spec"]["template"]["spec"]["containers"][0]["env"][-1]
    for function in load_all():
        env = _service(function.name)["spec"]["template"]["spec"]["containers"][0]["env"]
        assert (shown in env) is isinstance(function, HttpFunction), function.name


@pytest.mark.parametrize(
    ("name", "pod"), list(pod_specs()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_pods_are_restricted(name: str, pod: dict[str, Any]) -> None:
    """The pod security standard, no token for the API server, nothing to write but volumes, bounded resources."""
    assert pod["automountServiceAccountToken"] is False, name
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert not any("hostPath" in volume for volume in pod.get("volumes", []))
    for container in pod["containers"] + pod.get("initContainers", []):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
        assert context["runAsNonRoot"] is True
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert {"requests", "limits"} == container["resources"].keys()


def test_the_console_finds_every_pod_by_one_name_and_may_ask_it() -> None:
    folder = KNATIVE / "components/watching"
    pods, let_in, let_out = yaml.safe_load_all((folder / "figures.yaml").read_text())
    (generator,) = kustomizations()[folder]["configMapGenerator"]
    name, space = (pods["metadata"][key] for key in ("name", "namespace"))
    (port,) = pods["spec"]["ports"]
    assert generator["literals"] == [f"ECO2_FIGURES={name}.{space}.svc.cluster.local:{port['targetPort']}"]
    labels = _service("console-figures")["spec"]["template"]["metadata"]["labels"]
    for selected in (
        pods["spec"]["selector"],
        *(each["spec"]["podSelector"]["matchLabels"] for each in (let_in, let_out)),
    ):
        assert selected.items() <= labels.items()
    (rule,) = let_in["spec"]["ingress"]
    assert [each["podSelector"] for each in rule["from"]] == [let_out["spec"]["podSelector"]]
    (way,) = let_out["spec"]["egress"]
    assert [each["podSelector"] for each in way["to"]] == [let_in["spec"]["podSelector"]]
    assert rule["ports"] == way["ports"] == [{"protocol": "TCP", "port": port["port"]}]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_are_known(overlay: str) -> None:
    given = _lines(BASE / "settings.env")
    whole = KNATIVE / "overlays" / overlay
    components = kustomizations()[whole].get("components", [])
    for folder in (*((whole / each).resolve() for each in components), whole):
        found = kustomizations()[folder]
        for generator in found.get("configMapGenerator", []) + found.get("secretGenerator", []):
            if generator["name"] in ("eco2-settings", "eco2-secrets"):
                given |= dict(each.split("=", 1) for each in generator.get("literals", []))
                for file in generator.get("envs", []):
                    given |= _lines(folder / file)
    check(given)
    assert read(ProcessSettings, given).env == ("production" if overlay == "prod" else "local")


def test_files_of_kustomizations_exist() -> None:
    for folder, found in kustomizations().items():
        named = [*found.get("resources", []), *found.get("components", [])]
        named += [patch["path"] for patch in found.get("patches", [])]
        named += [file for each in found.get("configMapGenerator", []) for file in each.get("envs", [])]
        missing = [name for name in named if not (folder / name).exists()]
        assert not missing, folder
        assert len(named) == len(set(named)) or folder.parent.name == "overlays"


def test_no_file_is_forgotten() -> None:
    """What lies in a folder of objects is named by its kustomization."""
    for folder, found in kustomizations().items():
        named = {*found.get("resources", []), *(patch["path"] for patch in found.get("patches", []))}
        there = {
            str(path.relative_to(folder))
            for path in folder.rglob("*.yaml")
            if path.name != "kustomization.yaml"
        }
        assert there == {name for name in named if name.endswith(".yaml")}, folder


def test_objects_name_their_namespace() -> None:
    """Kustomize would give one to objects that can't have any."""
    without = {"Namespace", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    for path, text in ((path, path.read_text()) for path in sorted(BASE.rglob("*.yaml"))):
        if path.name == "kustomization.yaml":
            assert "\nnamespace:" not in text
    for kind in without:
        assert all("namespace" not in each["metadata"] for each in of_kind(kind))


def test_a_misspelt_field_is_an_error_here_and_not_ignored_there() -> None:
    with pytest.raises(UnknownField, match=r"spec\.template\.spec\.containers\[0\]\.imagee"):
        made(
            "serving.knative.dev/v1",
            "Service",
            "x",
            spec={"template": {"spec": {"containers": [{"imagee": "y"}]}}},
        )


def _event_functions() -> list[EventFunction]:
    return [f for f in load_all() if isinstance(f, EventFunction) and f.on]


def _services() -> list[dict[str, Any]]:
    return of_kind("Service", "serving.knative.dev")


def _service(name: str) -> dict[str, Any]:
    return next(each for each in _services() if each["metadata"]["name"] == name)


def _all_triggers(function: EventFunction) -> list[dict[str, Any]]:
    found = of_kind("Trigger")
    return [each for each in found if each["metadata"]["labels"]["app.kubernetes.io/name"] == function.name]


def _triggers(function: EventFunction) -> list[dict[str, Any]]:
    """Those that bring the events which the function works on."""
    return [each for each in _all_triggers(function) if "uri" not in each["spec"]["subscriber"]]


def _named(trigger: dict[str, Any]) -> tuple[str, str]:
    return _filter(trigger)["type"], trigger["spec"]["subscriber"]["uri"]


def _filter(trigger: dict[str, Any]) -> dict[str, str]:
    attributes: dict[str, str] = trigger["spec"]["filter"]["attributes"]
    return attributes


def _lines(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
