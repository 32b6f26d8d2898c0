"""Envoy's configuration of the edge, generated from the functions' declarations.

A request's way: early header mutation (what only the edge may say is removed), edge.lua (ids, preflight),
ext_authz (the authorize function), local rate limit, buffer (bodies are bounded and sent whole), router.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from manifests.edge_clusters import AUTHORIZE_LISTENER, function, loop, overload, static
from manifests.edge_fields import LUA, Address, Fields, extension, manager, socket
from manifests.edge_operations import operations
from manifests.edge_replies import local_replies
from manifests.edge_routes import AGAIN, BOUND, COLD_START_S, OBJECTS, EdgeRoute, virtual_host
from manifests.objects import NAMESPACE

AUTHORIZE = "auth-authorize"
CHECK_TIMEOUT_S = 10
"""The authorize function may have to start from zero pods."""
SCRIPT = "/etc/envoy/edge.lua"
_LOOP = "authorize-loop"
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

    namespace: str = NAMESPACE
    bind: str = "0.0.0.0"  # noqa: S104 - a pod is reached from outside
    port: int = 8080
    operations_port: int = 8090
    admin_port: int = 9901
    script: str = SCRIPT
    drain_s: float = 15.0
    cold_start_s: float = COLD_START_S
    address: Callable[[str], Address] | None = None
    """For tests: a function's address; on a cluster it is the name that cluster DNS resolves."""

    def upstream(self, name: str) -> Address:
        """Host and port of a function, or of the object store."""
        return self.address(name) if self.address else (f"{name}.{self.namespace}.svc.cluster.local", 80)


def bootstrap(table: Iterable[EdgeRoute], place: Place) -> Fields:
    """The whole configuration file. Raises ValueError for routes that contradict each other."""
    routes = list(table)
    names = sorted({route.function for route in routes} | {AUTHORIZE, OBJECTS})
    return {
        "admin": {"address": socket("127.0.0.1", place.admin_port)},
        "bootstrap_extensions": [
            extension("envoy.bootstrap.internal_listener", "bootstrap.internal_listener.v3.InternalListener")
        ],
        "static_resources": {
            "listeners": [
                _public(routes, place),
                _authorize(place),
                operations(place.bind, place.operations_port, place.drain_s),
            ],
            "clusters": [
                *(function(name, place.upstream(name)) for name in names),
                loop(_LOOP),
                static("admin", "127.0.0.1", place.admin_port),
            ],
        },
        "overload_manager": overload(),
    }


def _public(routes: list[EdgeRoute], place: Place) -> Fields:
    return {
        "name": "public",
        "address": socket(place.bind, place.port),
        "per_connection_buffer_limit_bytes": 65_536,
        "filter_chains": [
            {
                "filters": [
                    manager(
                        "public",
                        virtual_host(routes, place.namespace, place.cold_start_s),
                        [
                            extension(
                                LUA,
                                "filters.http.lua.v3.Lua",
                                default_source_code={"filename": place.script},
                            ),
                            _check(),
                            extension(
                                "envoy.filters.http.local_ratelimit",
                                "filters.http.local_ratelimit.v3.LocalRateLimit",
                                stat_prefix="edge",
                            ),
                            extension(
                                "envoy.filters.http.buffer",
                                "filters.http.buffer.v3.Buffer",
                                max_request_bytes=65_536,
                            ),
                            extension(
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
    "internal_address_config": {"cidr_ranges": [{"address_prefix": "0.0.0.0", "prefix_len": 32}]},  # noqa: S104
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
        "name": AUTHORIZE_LISTENER,
        "internal_listener": {},
        "filter_chains": [
            {
                "filters": [
                    manager(
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
    return extension(
        "envoy.http.early_header_mutation.header_mutation",
        "http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[*removed, *random],
    )


def _check() -> Fields:
    """Asks the authorize function about every route that does not say otherwise; without an answer: 503."""
    return extension(
        "envoy.filters.http.ext_authz",
        "filters.http.ext_authz.v3.ExtAuthz",
        transport_api_version="V3",
        failure_mode_allow=False,
        status_on_error={"code": "ServiceUnavailable"},
        allowed_headers=_names(*_CHECKED),
        http_service={
            "server_uri": {
                "uri": f"http://{AUTHORIZE}",
                "cluster": _LOOP,
                "timeout": f"{CHECK_TIMEOUT_S}s",
            },
            "authorization_response": {
                "allowed_upstream_headers": {"patterns": [{"exact": "x-user-id"}, {"prefix": "x-auth-"}]},
                "allowed_client_headers": _names(*_TO_CLIENT),
            },
        },
    )


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
    return extension(
        "envoy.access_loggers.stdout",
        "access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": line},
    )


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


def _names(*names: str) -> Fields:
    return {"patterns": [{"exact": name, "ignore_case": True} for name in names]}
