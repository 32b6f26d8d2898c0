"""Whom the edge talks to, and how much of that it can bear."""

from __future__ import annotations

from manifests.edge_fields import Address, Fields, endpoints, extension, socket, typed

AUTHORIZE_LISTENER = "authorize"
CONNECT_S = 5
IDLE_S = 60
"""Idle connections to the cluster's ingress are not used again after this."""
MOST_CONNECTIONS = 20_000
MOST_WAITING = 2_000
"""Requests that wait for a connection."""
HEAP_BYTES = 192 * 1024 * 1024

_MOST: Fields = {
    "max_connections": MOST_CONNECTIONS,
    "max_pending_requests": MOST_WAITING,
    "max_requests": MOST_CONNECTIONS,
    "max_retries": 50,
}


def function(name: str, address: Address) -> Fields:
    """A function behind the cluster's ingress: one name, whose address changes when the ingress is replaced."""
    return {
        "name": name,
        "cluster_type": extension(
            "envoy.cluster.dns",
            "clusters.dns.v3.DnsCluster",
            dns_lookup_family="V4_PREFERRED",
            dns_refresh_rate="10s",
            dns_failure_refresh_rate={"base_interval": "1s", "max_interval": "5s"},
        ),
        "connect_timeout": f"{CONNECT_S}s",
        "load_assignment": endpoints(name, socket(*address)),
        "circuit_breakers": {"thresholds": [_MOST]},
        "typed_extension_protocol_options": _upstream_protocol(),
    }


def _upstream_protocol() -> Fields:
    return {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
            "upstreams.http.v3.HttpProtocolOptions",
            common_http_protocol_options={"idle_timeout": f"{IDLE_S}s"},
            explicit_http_config={"http_protocol_options": {}},
        )
    }


def loop(name: str) -> Fields:
    """The listener that gives checks their Host."""
    inside = {"envoy_internal_address": {"server_listener_name": AUTHORIZE_LISTENER}}
    return {
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": endpoints(name, inside),
        "circuit_breakers": {"thresholds": [_MOST]},
        "transport_socket": extension(
            "envoy.transport_sockets.internal_upstream",
            "transport_sockets.internal_upstream.v3.InternalUpstreamTransport",
            transport_socket=extension(
                "envoy.transport_sockets.raw_buffer", "transport_sockets.raw_buffer.v3.RawBuffer"
            ),
        ),
    }


def static(name: str, host: str, port: int) -> Fields:
    """Something at a known address."""
    return {
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": endpoints(name, socket(host, port)),
    }


def overload() -> Fields:
    """Above these, connections and requests are refused, before the pod's memory is gone."""

    def above(action: str, monitor: str, share: float) -> Fields:
        return {"name": action, "triggers": [{"name": monitor, "threshold": {"value": share}}]}

    heap = "envoy.resource_monitors.fixed_heap"
    connections = "envoy.resource_monitors.global_downstream_max_connections"
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            extension(
                heap, "resource_monitors.fixed_heap.v3.FixedHeapConfig", max_heap_size_bytes=HEAP_BYTES
            ),
            extension(
                connections,
                "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                max_active_downstream_connections=MOST_CONNECTIONS,
            ),
        ],
        "actions": [
            above("envoy.overload_actions.shrink_heap", heap, 0.85),
            above("envoy.overload_actions.stop_accepting_requests", heap, 0.95),
        ],
    }
