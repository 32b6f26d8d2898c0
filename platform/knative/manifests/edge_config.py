"""Envoy's configuration of the edge, generated from the functions' declarations.

A request's way: early header mutation (what only the edge may say is removed), edge.lua (ids, preflight),
ext_authz (the authorize function), local rate limit, buffer (bodies are bounded and sent whole), router.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from manifests.edge_replies import local_replies
from manifests.edge_routes import AGAIN, BOUND, COLD_START_S, OBJECTS, EdgeRoute, virtual_host

Fields = dict[str, Any]
Address = tuple[str, int]

AUTHORIZE = "auth-authorize"
CHECK_TIMEOUT_S = 10
"""The authorize function may have to start from zero pods."""
SCRIPT = "/etc/envoy/edge.lua"
MOST_CONNECTIONS = 20_000
HEAP_BYTES = 192 * 1024 * 1024
CONNECT_S = 5
IDLE_S = 60
"""Idle connections to the cluster's ingress are not used again after this."""
_REMOVED = ("x-user-id", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")
_REMOVED_PREFIXES = ("x-auth-", "x-envoy-", "x-edge-", "x-ratelimit-", "knative-serving-")
_CHECKED = ("authorization", "cookie", "x-request-id", "traceparent", "origin", "user-agent")
_TO_CLIENT = (
    "content-type",
    "www-authenticate",
    "set-cookie",
    "retry-after",
    "location",
    "cache-control",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the edge runs: its ports, its namespace, and the address behind which a function is found."""

    namespace: str = "eco2"
    bind: str = "0.0.0.0"  # noqa: S104 - a pod is reached from outside
    port: int = 8080
    operations_port: int = 8090
    admin_port: int = 9901
    script: str = SCRIPT
    drain_s: float = 15.0
    cold_start_s: float = COLD_START_S
    address: Callable[[str], Address] | None = field(default=None)
    """For tests: a function's address; on a cluster it is the name that cluster DNS resolves."""

    def upstream(self, name: str) -> Address:
        """Host and port of a function, or of the object store."""
        return self.address(name) if self.address else (f"{name}.{self.namespace}.svc.cluster.local", 80)


def bootstrap(table: Iterable[EdgeRoute], place: Place) -> Fields:
    """The whole configuration file. Raises ValueError for routes that contradict each other."""
    routes = list(table)
    names = sorted({route.function for route in routes} | {AUTHORIZE, OBJECTS})
    return {
        "admin": {"address": _socket("127.0.0.1", place.admin_port)},
        "bootstrap_extensions": [
            _extension("envoy.bootstrap.internal_listener", "bootstrap.internal_listener.v3.InternalListener")
        ],
        "static_resources": {
            "listeners": [_public(routes, place), _authorize(place), _operations(place)],
            "clusters": [
                *(_function(name, place.upstream(name)) for name in names),
                _loop(),
                _static("admin", "127.0.0.1", place.admin_port),
            ],
        },
        "overload_manager": _overload(),
        "layered_runtime": {"layers": [{"name": "admin", "admin_layer": {}}]},
    }


def _public(routes: list[EdgeRoute], place: Place) -> Fields:
    return {
        "name": "public",
        "address": _socket(place.bind, place.port),
        "per_connection_buffer_limit_bytes": 65_536,
        "filter_chains": [
            {
                "filters": [
                    _manager(
                        "public",
                        virtual_host(routes, place.namespace, place.cold_start_s),
                        [
                            _extension(
                                "envoy.filters.http.lua",
                                "filters.http.lua.v3.Lua",
                                default_source_code={"filename": place.script},
                            ),
                            _check(),
                            _extension(
                                "envoy.filters.http.local_ratelimit",
                                "filters.http.local_ratelimit.v3.LocalRateLimit",
                                stat_prefix="edge",
                            ),
                            _extension(
                                "envoy.filters.http.buffer",
                                "filters.http.buffer.v3.Buffer",
                                max_request_bytes=65_536,
                            ),
                            _extension(
                                BOUND,
                                "filters.http.lua.v3.Lua",
                                default_source_code={"inline_string": _BOUND},
                            ),
                        ],
                        use_remote_address=True,
                        early_header_mutation_extensions=[_early()],
                        local_reply_config=local_replies(),
                        access_log=[_access_log()],
                        **_PUBLIC_PROTOCOL,
                    )
                ]
            }
        ],
    }


_PUBLIC_PROTOCOL: Fields = {
    "generate_request_id": False,  # edge.lua does, where the client's is missing or odd
    "always_set_request_id_in_response": True,
    # Nobody is trusted for an address: without a range, private addresses would be.
    "internal_address_config": {"cidr_ranges": [{"address_prefix": "0.0.0.0", "prefix_len": 32}]},
    "normalize_path": False,  # routes match what was sent, and functions see it
    "merge_slashes": False,
    "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
    "server_header_transformation": "PASS_THROUGH",
    "max_request_headers_kb": 32,
    "request_headers_timeout": "10s",
    "request_timeout": "300s",
    "stream_idle_timeout": "60s",
    "common_http_protocol_options": {
        "idle_timeout": "75s",
        "max_headers_count": 100,
        "headers_with_underscores_action": "DROP_HEADER",
    },
    "http2_protocol_options": {
        "max_concurrent_streams": 100,
        "initial_stream_window_size": 65_536,
        "initial_connection_window_size": 1_048_576,
    },
}


def _authorize(place: Place) -> Fields:
    """Gives checks the Host that the cluster's ingress knows: ext_authz sends the client's."""
    return {
        "name": "authorize",
        "internal_listener": {},
        "filter_chains": [
            {
                "filters": [
                    _manager(
                        "authorize",
                        {
                            "name": "authorize",
                            "domains": ["*"],
                            "routes": [
                                {
                                    "match": {"prefix": "/"},
                                    "route": {
                                        "cluster": AUTHORIZE,
                                        "host_rewrite_literal": (
                                            f"{AUTHORIZE}.{place.namespace}.svc.cluster.local"
                                        ),
                                        "timeout": f"{CHECK_TIMEOUT_S}s",
                                        # A check changes nothing: it may be asked twice whatever the method.
                                        "retry_policy": AGAIN,
                                    },
                                }
                            ],
                        },
                        [],
                        generate_request_id=False,
                        normalize_path=False,
                    )
                ]
            }
        ],
    }


def _operations(place: Place) -> Fields:
    """Probes, metrics and the preStop hook; not in the Service, and no limit of connections applies."""
    fault = "filters.http.fault.v3.HTTPFault"
    wait = {
        "delay": {
            "fixed_delay": f"{place.drain_s}s",
            "percentage": {"numerator": 100, "denominator": "HUNDRED"},
        }
    }
    routes: list[Fields] = [
        {
            "match": {"path": path},
            "direct_response": {"status": 200},
            "typed_per_filter_config": {"envoy.filters.http.lua": _LUA_OFF},
        }
        for path in ("/health/live", "/health/ready")
    ]
    routes += [
        {
            "match": {"path": "/metrics"},
            "route": {"cluster": "admin", "prefix_rewrite": "/stats/prometheus"},
            "typed_per_filter_config": {"envoy.filters.http.lua": _LUA_OFF},
        },
        {
            # The answer comes when clients have had time to leave; then the kubelet sends SIGTERM.
            "match": {"path": "/drain"},
            "direct_response": {"status": 200},
            "typed_per_filter_config": {"envoy.filters.http.fault": _typed(fault, **wait)},
        },
    ]
    filters = [
        _extension(
            "envoy.filters.http.lua",
            "filters.http.lua.v3.Lua",
            default_source_code={"inline_string": _DRAIN},
        ),
        _extension("envoy.filters.http.fault", fault),
    ]
    host = {"name": "operations", "domains": ["*"], "routes": routes}
    return {
        "name": "operations",
        "address": _socket(place.bind, place.operations_port),
        "ignore_global_conn_limit": True,
        "filter_chains": [{"filters": [_manager("operations", host, filters)]}],
    }


def _manager(name: str, host: Fields, filters: list[Fields], **options: Any) -> Fields:
    router = _extension(
        "envoy.filters.http.router", "filters.http.router.v3.Router", suppress_envoy_headers=True
    )
    return _extension(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        route_config={"name": name, "virtual_hosts": [host]},
        http_filters=[*filters, router],
        **options,
    )


def _early() -> Fields:
    """Before anything looks at the headers: nobody outside says who is calling, from where, or which revision."""
    removed: list[Fields] = [{"remove": name} for name in _REMOVED]
    removed += [
        {"remove_on_match": {"key_matcher": {"prefix": prefix, "ignore_case": True}}}
        for prefix in _REMOVED_PREFIXES
    ]
    random: list[Fields] = [
        {
            "append": {
                "header": {"key": name, "value": "%UNIQUE_ID%"},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        }
        for name in ("x-edge-id", "x-edge-trace", "x-edge-span")
    ]
    return _extension(
        "envoy.http.early_header_mutation.header_mutation",
        "http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[*removed, *random],
    )


def _check() -> Fields:
    """Asks the authorize function about every route that does not say otherwise; without an answer: 503."""
    return _extension(
        "envoy.filters.http.ext_authz",
        "filters.http.ext_authz.v3.ExtAuthz",
        transport_api_version="V3",
        failure_mode_allow=False,
        status_on_error={"code": "ServiceUnavailable"},
        allowed_headers=_names(*_CHECKED),
        http_service={
            "server_uri": {
                "uri": f"http://{AUTHORIZE}",
                "cluster": "authorize-loop",
                "timeout": f"{CHECK_TIMEOUT_S}s",
            },
            "authorization_response": {
                "allowed_upstream_headers": {"patterns": [{"exact": "x-user-id"}, {"prefix": "x-auth-"}]},
                "allowed_client_headers": _names(*_TO_CLIENT),
            },
        },
    )


def _function(name: str, address: Address) -> Fields:
    """A function behind the cluster's ingress: one name, whose address changes when the ingress is replaced."""
    return {
        "name": name,
        "cluster_type": _extension(
            "envoy.cluster.dns",
            "clusters.dns.v3.DnsCluster",
            dns_lookup_family="V4_PREFERRED",
            dns_refresh_rate="10s",
            dns_failure_refresh_rate={"base_interval": "1s", "max_interval": "5s"},
        ),
        "connect_timeout": f"{CONNECT_S}s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _socket(*address)}}]}],
        },
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": MOST_CONNECTIONS,
                    "max_pending_requests": 2_000,
                    "max_requests": MOST_CONNECTIONS,
                    "max_retries": 50,
                }
            ]
        },
        "typed_extension_protocol_options": _upstream_protocol(),
    }


def _upstream_protocol() -> Fields:
    return {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _typed(
            "upstreams.http.v3.HttpProtocolOptions",
            common_http_protocol_options={"idle_timeout": f"{IDLE_S}s"},
            explicit_http_config={"http_protocol_options": {}},
        )
    }


def _loop() -> Fields:
    endpoint = {"address": {"envoy_internal_address": {"server_listener_name": "authorize"}}}
    return {
        "name": "authorize-loop",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": "authorize-loop",
            "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}],
        },
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": MOST_CONNECTIONS,
                    "max_pending_requests": 2_000,
                    "max_requests": MOST_CONNECTIONS,
                }
            ]
        },
        "transport_socket": _extension(
            "envoy.transport_sockets.internal_upstream",
            "transport_sockets.internal_upstream.v3.InternalUpstreamTransport",
            transport_socket=_extension(
                "envoy.transport_sockets.raw_buffer", "transport_sockets.raw_buffer.v3.RawBuffer"
            ),
        ),
    }


def _static(name: str, host: str, port: int) -> Fields:
    return {
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _socket(host, port)}}]}],
        },
    }


def _overload() -> Fields:
    def above(action: str, monitor: str, share: float) -> Fields:
        return {"name": action, "triggers": [{"name": monitor, "threshold": {"value": share}}]}

    heap = "envoy.resource_monitors.fixed_heap"
    connections = "envoy.resource_monitors.global_downstream_max_connections"
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            _extension(
                heap, "resource_monitors.fixed_heap.v3.FixedHeapConfig", max_heap_size_bytes=HEAP_BYTES
            ),
            _extension(
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


def _access_log() -> Fields:
    """One JSON line a request; never a query string, a cookie or a header that may hold a token."""
    line = {
        "time": "%START_TIME%",
        "method": "%REQ(:method)%",
        "path": "%PATH(NQ)%",
        "status": "%RESPONSE_CODE%",
        "duration_ms": "%DURATION%",
        "function": "%UPSTREAM_CLUSTER%",
        "request_id": "%REQ(x-request-id)%",
        "traceparent": "%REQ(traceparent)%",
        "received_bytes": "%BYTES_RECEIVED%",
        "sent_bytes": "%BYTES_SENT%",
        "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "flags": "%RESPONSE_FLAGS%",
        "why": "%RESPONSE_CODE_DETAILS%",
    }
    return _extension(
        "envoy.access_loggers.stdout",
        "access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": line},
    )


_DRAIN = """
function envoy_on_request(handle)
  handle:httpCall("admin", {
    [":method"] = "POST", [":path"] = "/drain_listeners?graceful", [":authority"] = "admin"
  }, "", 1000)
end
"""
# The buffer filter lets a body pass that ends within the read in which it exceeds the bound (and completes
# Content-Length); after it the length is known exactly.
_BOUND = """
function envoy_on_request(handle)
  local most, length = handle:metadata():get("max_body"), handle:headers():get("content-length")
  if most and length and tonumber(length) > tonumber(most) then
    handle:respond({[":status"] = "413"}, "")
  end
end
"""
_LUA_OFF: Fields = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute",
    "disabled": True,
}


def _names(*names: str) -> Fields:
    return {"patterns": [{"exact": name, "ignore_case": True} for name in names]}


def _socket(host: str, port: int) -> Fields:
    return {"socket_address": {"address": host, "port_value": port}}


def _typed(kind: str, **fields: Any) -> Fields:
    return {"@type": f"type.googleapis.com/envoy.extensions.{kind}", **fields}


def _extension(name: str, kind: str, **fields: Any) -> Fields:
    return {"name": name, "typed_config": _typed(kind, **fields)}
