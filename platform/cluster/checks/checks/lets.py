"""Whether a conversation gets through network policies, and through the authorizations that istiod hands out.

Calico enforces the first on a node, ztunnel the second; neither can be asked here. This reads what they are given, by
their definitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from checks.mesh_pods import Object

TUNNEL = {"protocol": "TCP", "port": 15008}
TRUST_DOMAIN = "cluster.local"


@dataclass(frozen=True, slots=True)
class Conversation:
    """`client` opens a connection to `server` at `port`; None has no certificate."""

    client: Object | None
    server: Object
    port: int

    @property
    def principal(self) -> str:
        """The client's identity, empty without a certificate."""
        if not self.client:
            return ""
        account = self.client["spec"].get("serviceAccountName", "default")
        return f"{TRUST_DOMAIN}/ns/{_namespace(self.client)}/sa/{account}"


def networks_let(talk: Conversation, objects: list[Object]) -> bool:
    """Whether network policies of both ends let the tunnel between them through."""
    assert talk.client
    policies = [each for each in objects if each["kind"] == "NetworkPolicy"]
    ends = (("Egress", talk.client, talk.server), ("Ingress", talk.server, talk.client))
    return all(_one_way(policies, *end) for end in ends)


def _one_way(policies: list[Object], way: str, of: Object, other: Object) -> bool:
    chosen = [
        each
        for each in policies
        if each["metadata"]["namespace"] == _namespace(of)
        and way in each["spec"]["policyTypes"]
        and _selects(each["spec"]["podSelector"], of["metadata"]["labels"])
    ]
    rules = [rule for each in chosen for rule in each["spec"].get(way.lower()) or ()]
    peers = "to" if way == "Egress" else "from"
    return not chosen or any(
        TUNNEL in rule.get("ports", [TUNNEL]) and _is_peer(rule.get(peers, [{}]), other, _namespace(of))
        for rule in rules
    )


def _is_peer(peers: list[Object], pod: Object, home: str) -> bool:
    for peer in peers:
        if "ipBlock" in peer:
            continue
        where = peer.get("namespaceSelector")
        names = {"kubernetes.io/metadata.name": _namespace(pod)}
        here = _selects(where, names) if where is not None else not peer or _namespace(pod) == home
        if here and _selects(peer.get("podSelector", {}), pod["metadata"]["labels"]):
            return True
    return False


def _selects(selector: Object, labels: dict[str, str]) -> bool:
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    for each in selector.get("matchExpressions", ()):
        value = labels.get(each["key"])
        held = {
            "In": value in each.get("values", ()),
            "NotIn": value not in each.get("values", ()),
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not held[each["operator"]]:
            return False
    return True


def policies_let(talk: Conversation, told: Any) -> bool:
    """Whether the authorizations that istiod tells of the server's pod let the client through.

    One that denies stops; where there are some that allow, one of them must.
    """
    applying = list(_applying(talk.server, told))
    if any(_matches(each, talk) for each in applying if each.get("action") == "DENY"):
        return False
    allowing = [each for each in applying if each.get("action", "ALLOW") == "ALLOW"]
    return not allowing or any(_matches(each, talk) for each in allowing)


def _applying(pod: Object, told: Any) -> Iterator[Any]:
    name, namespace = pod["metadata"]["name"], _namespace(pod)
    (workload,) = (
        each for each in told["workloads"] if (each["name"], each["namespace"]) == (name, namespace)
    )
    named = set(workload.get("authorizationPolicies", ()))
    for each in (policy["authorization"] for policy in told["policies"] if "authorization" in policy):
        scope = each.get("scope", "GLOBAL")
        here = scope == "GLOBAL" or (scope == "NAMESPACE" and each["namespace"] == namespace)
        if here or f"{each['namespace']}/{each['name']}" in named:
            yield each


def _matches(authorization: Any, talk: Conversation) -> bool:
    return any(
        all(any(_match(match, talk) for match in rule["matches"]) for rule in group.get("rules", ()))
        for group in authorization.get("groups", ())
    )


def _match(match: Any, talk: Conversation) -> bool:
    """Every kind of attribute that is named must fit. Raises ValueError for one that is not known here."""
    source = _namespace(talk.client) if talk.client else ""
    held = {
        "namespaces": lambda values: any(_fits(each, source) for each in values),
        "notNamespaces": lambda values: not any(_fits(each, source) for each in values),
        "principals": lambda values: any(_fits(each, talk.principal) for each in values),
        "notPrincipals": lambda values: not any(_fits(each, talk.principal) for each in values),
        "destinationPorts": lambda values: talk.port in values,
        "notDestinationPorts": lambda values: talk.port not in values,
    }
    if unknown := match.keys() - held.keys():
        raise ValueError(f"authorizations name {', '.join(unknown)}, which this check can't judge")
    return all(held[kind](values) for kind, values in match.items())


def _fits(wanted: Any, value: str) -> bool:
    if "presence" in wanted:
        return bool(value)
    return bool(value) and (
        value == wanted.get("exact")
        or value.startswith(wanted.get("prefix", "\0"))
        or value.endswith(wanted.get("suffix", "\0"))
    )


def _namespace(pod: Object) -> str:
    return str(pod["metadata"]["namespace"])
