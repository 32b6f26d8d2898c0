"""The mesh by Istio's own packages: what its analysis finds, whom the policies that istiod hands out let through."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from localcluster.paths import TOOLS
from localcluster.toolchain import downloaded

from checks import mesh_pods, tools
from checks.lets import Conversation, networks_let, policies_let
from checks.mesh_pods import Object

ISTIOD = mesh_pods.PLATFORM / "cluster/argocd/apps/05-istiod.yaml"
_PROFILES = "manifests/charts/istio-control/istio-discovery/files"
_TIMEOUT_S = 120
HOST = "api.eco2.example"
EDGE = "outbound|80||edge.eco2.svc.cluster.local"
"""The name of the edge's cluster in Envoy's configuration."""
OUTSIDE = {"gateway"}
"""Pods that are not redirected to ztunnel: an Envoy of its own speaks for them."""
# Who must get through to whom, client → server and port.
SPEAK = (
    ("gateway", "edge", 8080),
    ("edge", "3scale-kourier-gateway", 8081),
    ("dispatcher", "3scale-kourier-gateway", 8081),
    ("net-kourier-controller", "3scale-kourier-gateway", 8081),
    ("3scale-kourier-gateway", "net-kourier-controller", 18000),
    ("3scale-kourier-gateway", "activator", 8012),
    ("3scale-kourier-gateway", "scan-vision", 8012),
    ("activator", "scan-vision", 8012),
    ("activator", "autoscaler", 8080),
    ("autoscaler", "scan-vision", 9090),
    ("scan-submit", "broker-ingress", 8080),
    ("dispatcher", "broker-ingress", 8080),
    ("pingsource-mt-adapter", "broker-ingress", 8080),
    ("broker-ingress", "rabbitmq", 5672),
    ("dispatcher", "rabbitmq", 5672),
    ("messaging-topology-operator", "rabbitmq", 15672),
    ("scan-submit", "postgresql", 5432),
    ("eco2-migrate", "postgresql", 5432),
    ("cloudnative-pg", "postgresql", 8000),
    ("scan-submit", "streams", 6379),
    ("scan-vision", "collector", 4318),
    ("edge", "collector", 4318),
    ("collector", "jaeger", 4317),
    ("grafana", "jaeger", 16686),
    ("log-collector", "elasticsearch", 9200),
    *(("prometheus", *each) for each in (("scan-vision", 8080), ("edge", 8090), ("rabbitmq", 15692))),
    *(("prometheus", *each) for each in (("postgresql", 9187), ("collector", 8888), ("log-collector", 8888))),
)
# Who must not, by what each of them knows: accounts and ports, or pods.
SILENT = (
    ("scan-vision", "3scale-kourier-gateway", 8081),  # it would be believed to be anybody
    ("scan-vision", "scan-submit", 8012),
    ("edge", "scan-submit", 8012),  # past Knative
    ("dispatcher", "scan-submit", 8012),
    ("gateway", "3scale-kourier-gateway", 8081),
    ("scan-vision", "edge", 8080),
    ("prometheus", "scan-submit", 8012),
    ("prometheus", "edge", 8080),
    ("gateway", "edge", 8090),
    ("scan-vision", "rabbitmq", 5672),
    ("dispatcher", "postgresql", 5432),
    ("edge", "streams", 6379),
    ("grafana", "elasticsearch", 9200),
)


def nothing_to_find() -> None:
    """Istio's analysis of all objects finds nothing."""
    found = told()["findings"]
    assert not found, "\n".join(each["text"] for each in found)


def strangers_are_refused() -> None:
    """Every pod that production makes is in the mesh, and only webhooks answer who shows no certificate."""
    workloads = {each["name"]: each for each in told()["workloads"]}
    outside = {name for name, each in workloads.items() if each.get("tunnelProtocol") != "HBONE"}
    assert outside == OUTSIDE, outside
    assert not [each["problem"] for each in told()["policies"] if "problem" in each]
    answers = [
        (server["metadata"]["name"], port)
        for server in running()
        if server["metadata"]["name"] not in OUTSIDE
        for port in sorted(_ports(server))
        if policies_let(Conversation(None, server, port), told())
    ]
    assert sorted(answers) == sorted(_webhooks()), answers


def speak_as_meant() -> None:
    """Who must speak gets through network policies and the mesh's policies; who must not is stopped."""
    named = {each["metadata"]["name"]: each for each in running()}
    wrong = [f"{client} → {server}:{port} is stopped by {', '.join(by)}"
        for client, server, port in SPEAK
        if (by := _stopped(Conversation(named[client], named[server], port)))]  # fmt: skip
    wrong += [f"{client} → {server}:{port} gets through"
        for client, server, port in SILENT
        if not _stopped(Conversation(named[client], named[server], port))]  # fmt: skip
    assert not wrong, "\n".join(wrong)


def services_lead_to_their_pods() -> None:
    """Every port of a Service leads to a port of its pods, as istiod tells ztunnel."""
    led = {
        name: ports.get("ports", ())
        for each in told()["workloads"]
        for name, ports in each.get("services", {}).items()
    }
    declared = {
        "{namespace}/{name}.{namespace}.svc.cluster.local".format_map(each["metadata"]): each["spec"]["ports"]
        for each in objects()
        if (each["apiVersion"], each["kind"]) == ("v1", "Service")
    }
    assert led
    lost = [name for name, ports in led.items() if len(ports) != len(declared[name])]
    assert not lost, f"{', '.join(lost)}: a port that no pod has"


def the_gateway_reaches_the_edge() -> None:
    """The ingress gateway's Envoy sends the API's host to the edge, through the mesh's tunnel."""
    gateway = told()["gateway"]
    (route,) = (each for each in gateway["routes"] if HOST in json.dumps(each))
    assert EDGE in json.dumps(route), route
    (edges,) = (each for each in gateway["endpoints"] if each["clusterName"] == EDGE)
    reached = [each for group in edges["endpoints"] for each in group["lbEndpoints"]]
    assert reached
    for each in reached:
        assert each["metadata"]["filterMetadata"]["envoy.transport_socket_match"] == {"tunnel": "http"}, each
    (cluster,) = (each for each in gateway["clusters"] if each["name"] == edges["clusterName"])
    tunnel = {"tunnel": "http"}
    (match,) = (each for each in cluster["transportSocketMatches"] if each.get("match") == tunnel)
    assert "internal_upstream" in json.dumps(match), (
        match
    )  # the tunnel has the certificate, nothing is wrapped in TLS twice


def mistakes_are_noticed() -> None:
    """A namespace left out, a gateway that is missing and a rule with a path are noticed: the checks can fail."""
    others = copy.deepcopy(objects())
    for each in others:
        match each["kind"], each["metadata"]["name"]:
            case "Namespace", "eco2":
                del each["metadata"]["labels"]
            case "VirtualService", "api":
                each["spec"]["gateways"] = ["missing"]
            case "AuthorizationPolicy", "functions" if each["metadata"]["namespace"] == "eco2":
                each["spec"]["rules"][-1]["to"][0]["operation"]["paths"] = ["/metrics"]
    said = _told(others)
    assert "IST0101" in {each["code"] for each in said["findings"]}, said["findings"]
    assert [each for each in said["policies"] if "HTTP attributes" in each.get("problem", "")]
    workloads = {each["name"]: each for each in said["workloads"]}
    assert workloads["edge"].get("tunnelProtocol") != "HBONE"


def _stopped(talk: Conversation) -> list[str]:
    by = {"network policies": networks_let(talk, objects()), "the mesh": policies_let(talk, told())}
    return [name for name, lets in by.items() if not lets]


def _ports(pod: Object) -> set[int]:
    named = {port["containerPort"] for each in pod["spec"]["containers"] for port in each.get("ports", ())}
    return named | {port for name, port in _webhooks() if name == pod["metadata"]["name"]} | {1}


def _webhooks() -> Iterator[tuple[str, int]]:
    """Pod and port of each exception that is written down."""
    for each in objects():
        if each["kind"] == "PeerAuthentication" and "selector" in each["spec"]:
            wanted = each["spec"]["selector"]["matchLabels"].items()
            (name,) = (
                pod["metadata"]["name"]
                for pod in running()
                if pod["metadata"]["namespace"] == each["metadata"]["namespace"]
                and wanted <= pod["metadata"]["labels"].items()
            )
            for port in each["spec"]["portLevelMtls"]:
                yield name, int(port)


@cache
def objects() -> list[Object]:
    """What production is made of."""
    return mesh_pods.rendered()


@cache
def running() -> list[Object]:
    """A pod of each kind."""
    return list(mesh_pods.pods(objects()))


@cache
def told() -> Any:
    """What Istio says of them."""
    return _told(objects())


def _told(about: list[Object]) -> Any:
    values = yaml.safe_load(ISTIOD.read_text())["spec"]["source"]["helm"]["valuesObject"]
    module = re.search(r"istio\.io/istio (v\S+)", (TOOLS / "mesh/go.mod").read_text())
    assert module
    folder = downloaded(f"istio.io/istio@{module[1]}") / _PROFILES
    profile = yaml.safe_load((folder / f"profile-{values['profile']}.yaml").read_text())
    whole = [*about, *running(), *mesh_pods.endpoints(about, running())]
    with tempfile.TemporaryDirectory(prefix="eco2-mesh-") as name:
        config, file = Path(name) / "mesh.yaml", Path(name) / "objects.yaml"
        config.write_text(yaml.safe_dump({**profile["meshConfig"], **values["meshConfig"]}))
        file.write_text(yaml.dump_all(whole, Dumper=yaml.CSafeDumper))
        done = subprocess.run(
            [tools.built("mesh"), "told", str(config), str(file)],
            env={**os.environ, **profile["pilot"]["env"]},
            capture_output=True, text=True, timeout=_TIMEOUT_S, check=True,
        )  # fmt: skip
    return json.loads(done.stdout)
