"""How conversations are judged: network policies of both ends, and the authorizations that a mesh hands out."""

from __future__ import annotations

from typing import Any

import pytest
from checks import mesh, mesh_pods
from checks.lets import TUNNEL, Conversation, networks_let, policies_let

Object = dict[str, Any]


def pod(name: str, namespace: str, account: str = "default") -> Object:
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"serviceAccountName": account, "containers": []},
    }


EDGE, FUNCTION, WATCHER = pod("edge", "eco2", "edge"), pod("function", "eco2"), pod("watcher", "monitoring")


def network(name: str, **spec: Any) -> Object:
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "eco2"},
        "spec": {"podSelector": {"matchLabels": {"app": name}}, **spec},
    }


def lets_in(*peers: Object, port: int = 15008) -> Object:
    rule = {"from": list(peers), "ports": [{"protocol": "TCP", "port": port}]}
    return network("function", policyTypes=["Ingress"], ingress=[rule])


BY_EDGE: Object = {"podSelector": {"matchLabels": {"app": "edge"}}}
BY_NAMESPACE: Object = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
ANY_NAMED: Object = {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}


@pytest.mark.parametrize(
    ("policies", "edge", "watcher"),
    [
        ([], True, True),
        ([lets_in(BY_EDGE)], True, False),
        ([lets_in(BY_EDGE, port=8080)], False, False),  # past the tunnel
        ([lets_in(BY_NAMESPACE)], False, True),
        ([lets_in(BY_NAMESPACE | BY_EDGE)], False, False),  # both must hold
        ([lets_in(ANY_NAMED)], True, False),  # of its own namespace
        ([lets_in({"ipBlock": {"cidr": "169.254.7.127/32"}})], False, False),
        ([lets_in(BY_EDGE), network("edge", policyTypes=["Egress"])], False, False),  # let in but not out
        ([network("function", policyTypes=["Ingress"], ingress=[{"ports": [TUNNEL]}])], True, True),
    ],
)
def test_network_policies_of_both_ends_must_let_the_tunnel_through(
    policies: list[Object], edge: bool, watcher: bool
) -> None:
    assert networks_let(Conversation(EDGE, FUNCTION, 8012), policies) is edge
    assert networks_let(Conversation(WATCHER, FUNCTION, 8012), policies) is watcher


STRICT = {
    "authorization": {
        "name": "strict",
        "namespace": "istio-system",
        "scope": "WORKLOAD_SELECTOR",
        "action": "DENY",
        "groups": [{"rules": [{"matches": [{"notPrincipals": [{"presence": {}}]}]}]}],
    }
}
BY_ACCOUNT = {
    "authorization": {
        "name": "function",
        "namespace": "eco2",
        "scope": "NAMESPACE",
        "groups": [
            {
                "rules": [
                    {"matches": [{"destinationPorts": [8012]}]},
                    {"matches": [{"principals": [{"exact": "cluster.local/ns/eco2/sa/edge"}]}]},
                ]
            }
        ],
    }
}


def told(*policies: Object) -> Object:
    workload = {
        "name": "function",
        "namespace": "eco2",
        "authorizationPolicies": ["istio-system/strict"],
    }
    return {"workloads": [workload], "policies": list(policies)}


@pytest.mark.parametrize(
    ("policies", "client", "port", "lets"),
    [
        ((), None, 1, True),
        ((STRICT,), None, 1, False),
        ((STRICT,), WATCHER, 1, True),
        ((STRICT, BY_ACCOUNT), EDGE, 8012, True),
        ((STRICT, BY_ACCOUNT), EDGE, 8080, False),
        ((STRICT, BY_ACCOUNT), WATCHER, 8012, False),
        ((BY_ACCOUNT, {"problem": "not for ztunnel"}), None, 8012, False),
    ],
)
def test_what_denies_stops_and_of_what_allows_one_must(
    policies: tuple[Object, ...], client: Object | None, port: int, lets: bool
) -> None:
    assert policies_let(Conversation(client, FUNCTION, port), told(*policies)) is lets


def test_an_attribute_that_is_not_known_is_no_silent_yes() -> None:
    match: Object = {"sourceIps": [{}]}
    unknown = {
        "name": "new",
        "namespace": "eco2",
        "scope": "NAMESPACE",
        "groups": [{"rules": [{"matches": [match]}]}],
    }
    with pytest.raises(ValueError, match="sourceIps"):
        policies_let(Conversation(EDGE, FUNCTION, 1), told({"authorization": unknown}))


def test_a_pod_of_whatever_makes_pods_and_where_services_find_it() -> None:
    ports = [{"name": "http", "containerPort": 8080}]
    template = {
        "metadata": {"labels": {"app": "edge"}},
        "spec": {"serviceAccountName": "edge", "containers": [{"name": "envoy", "ports": ports}]},
    }
    named = {"name": "edge", "namespace": "eco2"}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": named,
        "spec": {"template": template},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": named,
        "spec": {"selector": {"app": "edge"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
    }
    running = list(mesh_pods.pods([deployment, service]))
    assert [each["metadata"]["name"] for each in running] == [
        "edge",
        *(name for name, *_ in mesh_pods.MADE_ELSEWHERE),
    ]
    (slice_,) = mesh_pods.endpoints([deployment, service], running)
    assert slice_["ports"] == [{"name": "http", "protocol": "TCP", "port": 8080}]
    assert slice_["endpoints"][0]["addresses"] == [running[0]["status"]["podIP"]]


def test_nobody_must_both_speak_and_be_silent() -> None:
    assert not set(mesh.SPEAK) & set(mesh.SILENT)
