"""Envoy's whole configuration.

A request's way: early header mutation (what only the edge may say is removed), identity (id, trace), origins,
protections, answers and proxies (for the way back), limit of its address, buffer and bound (bodies are bounded and
sent whole), ext_authz (the authorize function), a caller's name, rate limit, router.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.answers import answers, proxies
from edge.checks import AUTHORIZE, LOOP, check, checked_by, named
from edge.clusters import loop, overload, static, upstream
from edge.fields import Fields, extension, manager, socket, typed
from edge.identity import early, identity, no_probe
from edge.limits import addresses, bodies, rates
from edge.log import access_log, application_log
from edge.operations import health, operations
from edge.origins import origins
from edge.protections import protections
from edge.readiness import readiness, watching
from edge.replies import local_replies
from edge.routes import virtual_host
from edge.site import OBJECTS, EdgeSite
from edge.table import EdgeRoute
from edge.tracing import COLLECTOR, collector_address, tracing


def bootstrap(table: Iterable[EdgeRoute], site: EdgeSite) -> Fields:
    """The whole configuration file. Raises ValueError for routes that contradict each other."""
    routes = list(table)
    names = sorted({site.upstream(name) for name in (AUTHORIZE, OBJECTS, *(row.function for row in routes))})
    listeners = [_public(routes, site), checked_by(site)]
    most = site.most_upstream
    clusters = [*(upstream(name, site.address(name), most) for name in names), loop(LOOP, most)]
    clusters += watching(site.watched)
    if site.collector:
        clusters.append(upstream(COLLECTOR, collector_address(site.collector), most))
    config: Fields = {}
    if site.admin_port:
        config["admin"] = {"address": socket("127.0.0.1", site.admin_port)}
        clusters.append(static("admin", "127.0.0.1", site.admin_port))
    if site.operations_port:
        here = site.bind, site.operations_port
        listeners.append(operations(*here, site.drain_s) if site.admin_port else health(*here))
    return config | {
        "bootstrap_extensions": [
            extension("envoy.bootstrap.internal_listener", "bootstrap.internal_listener.v3.InternalListener")
        ],
        "application_log_config": application_log(),
        "static_resources": {"listeners": listeners, "clusters": clusters},
        "overload_manager": overload(site.most_connections, site.most_heap_bytes),
    }


def _public(routes: list[EdgeRoute], site: EdgeSite) -> Fields:
    filters = [
        identity(site.proxies),
        no_probe(),
        origins(),
        protections(site),
        answers(),
        *readiness(site.watched),
        proxies(),
        *addresses(site.address_limit),
        *bodies(),
        check(),
        named(),
        rates(),
    ]
    serving = manager(
        "public",
        virtual_host(routes, site),
        filters,
        use_remote_address=True,
        xff_num_trusted_hops=site.proxies,
        early_header_mutation_extensions=[early(site.proxies)],
        local_reply_config=local_replies(site),
        access_log=[access_log()],
        **_PROTOCOL,
        **tracing(site.collector),
    )
    return {
        "name": "public",
        "address": socket(site.bind, site.port),
        "per_connection_buffer_limit_bytes": 65_536,
        "filter_chains": [{"filters": [serving]}],
    }


_PROTOCOL: Fields = {
    "generate_request_id": False,  # edge.identity does, where the client's is missing or odd
    "always_set_request_id_in_response": True,
    # A request's id stays as it is, and whether it is traced does not depend on it.
    "request_id_extension": {
        "typed_config": typed(
            "request_id.uuid.v3.UuidRequestIdConfig",
            pack_trace_reason=False,
            use_request_id_for_trace_sampling=False,
        )
    },
    # Nobody is trusted for an address: without a range, private addresses would be.
    "internal_address_config": {"cidr_ranges": [{"address_prefix": "0.0.0.0", "prefix_len": 32}]},  # noqa: S104
    "normalize_path": False,  # routes match what was sent, and functions see it
    "merge_slashes": False,
    "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
    "server_header_transformation": "PASS_THROUGH",
    "max_request_headers_kb": 32,
    "request_headers_timeout": "10s",
    "request_timeout": "120s",  # a picture of 10 MiB over 0.7 Mbit/s
    "stream_idle_timeout": "60s",
    "common_http_protocol_options": {
        "idle_timeout": "75s",
        "max_headers_count": 100,
        "headers_with_underscores_action": "DROP_HEADER",
    },
    # So that the route for it decides (edge.routes): to Envoy's own refusal no problem document would fit.
    "upgrade_configs": [{"upgrade_type": "CONNECT"}],
    # An offer is ignored (RFC 9110, 7.8), and trailers are dropped: no field of theirs is a header. An answer to
    # HTTP/1.0, which old proxies speak, ends with its connection.
    "http_protocol_options": {
        "accept_http_10": True,
        "ignore_http_11_upgrade": [{"safe_regex": {"regex": ".*"}}],
        "enable_trailers": False,
    },
    "http2_protocol_options": {
        "max_concurrent_streams": 100,
        "initial_stream_window_size": 65_536,
        "initial_connection_window_size": 1_048_576,
    },
}
