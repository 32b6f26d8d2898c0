"""Where spans and log lines go: what sends, what lets through and what takes them name the same places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from manifests.edge import COLLECTOR, development_limits, edge_objects

from tests.platform.objects import KNATIVE

WATCH = Path(__file__).resolve().parents[2] / "platform/cluster/observability"
MESH = WATCH.parent / "argocd/mesh"
Object = dict[str, Any]


def objects(folder: str) -> list[Object]:
    return [
        each
        for path in sorted((WATCH / folder).glob("*.yaml"))
        for each in yaml.safe_load_all(path.read_text())
    ]


def named(folder: str, kind: str, name: str) -> Object:
    (found,) = (
        each for each in objects(folder) if each.get("kind") == kind and each["metadata"]["name"] == name
    )
    return found


def upstreams(config_map: Object) -> dict[str, Object]:
    config = yaml.safe_load(config_map["data"]["envoy.yaml"])
    return {each["name"]: each for each in config["static_resources"]["clusters"]}


def test_functions_and_edge_send_spans_to_the_collectors_service() -> None:
    settings = (KNATIVE / "base/settings.env").read_text().splitlines()
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT={COLLECTOR}" in settings
    at = urlsplit(COLLECTOR)
    (endpoint,) = upstreams(edge_objects()[0])["collector"]["load_assignment"]["endpoints"]
    address = endpoint["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
    assert (address["address"], address["port_value"]) == (at.hostname, at.port)
    service = named("tracing", "Service", "collector")
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    assert at.hostname == f"{name}.{namespace}.svc.cluster.local"
    assert at.port == service["spec"]["ports"][0]["port"]


def test_development_has_no_collector() -> None:
    component = yaml.safe_load((KNATIVE / "components/development/kustomization.yaml").read_text())
    (settings,) = component["configMapGenerator"]
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=" in settings["literals"]
    assert "collector" not in upstreams(development_limits()[0])


def test_spans_are_let_out_where_they_are_let_in() -> None:
    policies = list(yaml.safe_load_all((KNATIVE / "base/network-policies.yaml").read_text()))
    (spans,) = (each["spec"] for each in policies if each["metadata"]["name"] == "spans")
    (senders,) = spans["podSelector"]["matchExpressions"]
    way_in = named("tracing", "NetworkPolicy", "collector")["spec"]["ingress"][0]
    assert way_in["from"][0]["podSelector"]["matchExpressions"] == [senders]
    (out,) = yaml.safe_load((KNATIVE / "overlays/prod/tunnel-out.yaml").read_text())
    assert way_in["ports"] == out["value"]  # through the mesh, whose own policy names the port
    port = spans["egress"][0]["ports"][0]["port"]
    mesh = yaml.safe_load_all((MESH / "policies.yaml").read_text())
    (taken,) = (each["spec"] for each in mesh if each["metadata"]["name"] == "spans")
    assert taken["rules"][0]["to"] == [{"operation": {"ports": [str(port)]}}]
    container = named("tracing", "Deployment", "collector")["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "otlp", "containerPort": port} in container["ports"]


@pytest.mark.parametrize("folder", ["tracing", "logging"])
def test_every_pod_has_policies_both_ways_and_a_version(folder: str) -> None:
    found = objects(folder)
    policies = [each["spec"] for each in found if each.get("kind") == "NetworkPolicy"]
    chosen = [each["podSelector"] for each in policies if each["policyTypes"] == ["Ingress", "Egress"]]
    covered = {each["matchLabels"]["app.kubernetes.io/name"] for each in chosen if "matchLabels" in each}
    covered |= {
        name for each in chosen for rule in each.get("matchExpressions", ()) for name in rule["values"]
    }
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in found
        if "template" in each.get("spec", {})
    }
    assert pods.keys() == covered
    for pod in pods.values():
        for container in pod["containers"]:
            _, version = container["image"].rsplit(":", 1)
            assert version.count(".") == 2, container["image"]
            assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]


@pytest.mark.parametrize("folder", ["tracing", "logging"])
def test_every_configuration_that_a_pod_mounts_is_generated(folder: str) -> None:
    kustomization = yaml.safe_load((WATCH / folder / "kustomization.yaml").read_text())
    made = {each["name"] for each in kustomization["configMapGenerator"]}
    assert "disableNameSuffixHash" not in kustomization["generatorOptions"]  # a change is another pod
    mounted = {
        volume["configMap"]["name"]
        for each in objects(folder)
        for volume in each.get("spec", {}).get("template", {}).get("spec", {}).get("volumes", ())
        if "configMap" in volume
    }
    assert made == mounted
    listed = {path.name for path in (WATCH / folder).glob("*.yaml")} - {"kustomization.yaml"}
    assert {name for name in listed if not name.endswith("-config.yaml")} == set(kustomization["resources"])


def test_lines_are_indexed_by_the_fields_that_they_have() -> None:
    template = json.loads((WATCH / "logging/index-template.json").read_text())
    fields = template["template"]["mappings"]["properties"]
    assert {
        "timestamp",
        "level",
        "logger",
        "message",
        "task_id",
        "user_id",
        "trace_id",
        "duration_ms",
    } <= fields.keys()
    config = yaml.safe_load((WATCH / "logging/collector-config.yaml").read_text())
    index = config["exporters"]["elasticsearch"]["logs_index"]
    assert [pattern for pattern in template["index_patterns"] if index.startswith(pattern.removesuffix("*"))]
