"""The edge's upstreams, and the bounds of connections, requests and memory."""

from __future__ import annotations

from ipaddress import ip_address

from edge.fields import Address, Fields, endpoints, extension, socket, typed

AUTHORIZE_LISTENER = "authorize"
CONNECT_S = 5
IDLE_S = 60
"""Idle connections to the cluster's ingress are not used again after this."""
MOST_WAITING = 2_000
"""Requests that wait for a connection."""
SHORT = "HIGH"
"""The priority of requests that end soon: they have places of their own, which streams can't take."""
SPARE_CONNECTIONS = 16
"""Beyond those of all requests at once, so that one more is refused instead of waiting for a connection."""


def upstream(name: str, address: Address, most_connections: int) -> Fields:
    """A cluster of functions or objects: an address, or a name whose address changes when the ingress is replaced."""
    return {
        "name": name,
        **({} if _is_ip(address[0]) else {"cluster_type": _DNS}),
        "connect_timeout": f"{CONNECT_S}s",
        "load_assignment": endpoints(name, socket(*address)),
        "circuit_breakers": _most(most_connections),
        "typed_extension_protocol_options": _upstream_protocol(),
    }


_DNS = extension(
    "envoy.cluster.dns",
    "clusters.dns.v3.DnsCluster",
    dns_lookup_family="V4_PREFERRED",
    dns_refresh_rate="10s",
    dns_failure_refresh_rate={"base_interval": "1s", "max_interval": "5s"},
)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _most(connections: int) -> Fields:
    most = {
        "max_connections": connections + SPARE_CONNECTIONS,
        "max_pending_requests": MOST_WAITING,
        "max_requests": connections,
        "max_retries": 50,
    }
    return {"thresholds": [most, {"priority": SHORT, **most}]}


def _upstream_protocol() -> Fields:
    return {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
            "upstreams.http.v3.HttpProtocolOptions",
            common_http_protocol_options={"idle_timeout": f"{IDLE_S}s"},
            explicit_http_config={"http_protocol_options": {}},
        )
    }


def loop(name: str, most_connections: int) -> Fields:
    """The cluster that leads to the listener which gives checks their Host."""
    inside = {"envoy_internal_address": {"server_listener_name": AUTHORIZE_LISTENER}}
    return {
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": endpoints(name, inside),
        "circuit_breakers": _most(most_connections),
        "transport_socket": extension(
            "envoy.transport_sockets.internal_upstream",
            "transport_sockets.internal_upstream.v3.InternalUpstreamTransport",
            transport_socket=extension(
                "envoy.transport_sockets.raw_buffer", "transport_sockets.raw_buffer.v3.RawBuffer"
            ),
        ),
    }


def static(name: str, host: str, port: int) -> Fields:
    """A cluster at a known address."""
    return {
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": endpoints(name, socket(host, port)),
    }


def overload(most_connections: int, most_heap_bytes: int) -> Fields:
    """The bounds above which connections and requests are refused, before memory is gone."""

    def above(action: str, monitor: str, share: float) -> Fields:
        return {"name": action, "triggers": [{"name": monitor, "threshold": {"value": share}}]}

    heap = "envoy.resource_monitors.fixed_heap"
    connections = "envoy.resource_monitors.global_downstream_max_connections"
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            extension(
                heap, "resource_monitors.fixed_heap.v3.FixedHeapConfig", max_heap_size_bytes=most_heap_bytes
            ),
            extension(
                connections,
                "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                max_active_downstream_connections=most_connections,
            ),
        ],
        "actions": [
            above("envoy.overload_actions.shrink_heap", heap, 0.85),
            above("envoy.overload_actions.stop_accepting_requests", heap, 0.95),
        ],
    }
