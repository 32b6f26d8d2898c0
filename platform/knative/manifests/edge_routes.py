"""The edge's route table: from the functions' declarations to Envoy's routes.

Paths are matched as sent (still percent-encoded), so that an encoded slash never becomes another route; literal
segments win over parameters; the first template that fits a path decides, also about 405.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from functions.runtime.registry import routes
from manifests.edge_fields import LUA, Fields, header, typed

COLD_START_S = 10.0
"""Added to a route's timeout: the time a function may take to come up from zero pods."""
SILENCE_S = 60
"""A stream sends a keepalive every 15 s: one that is silent for longer is dead."""
OBJECTS = "objects"
BOUND = "edge.bound"
"""The filter that compares a body's length with the route's bound."""
REPEATABLE = frozenset({"GET", "DELETE"})
AGAIN: Fields = {
    # Functions answer in JSON: plain text is the ingress, the activator or queue-proxy saying that a pod has gone.
    "retry_on": "connect-failure,refused-stream,reset,retriable-headers",
    "retriable_headers": [{"name": "content-type", "string_match": {"prefix": "text/plain"}}],
    "num_retries": 2,
    "retry_back_off": {"base_interval": "0.1s", "max_interval": "1s"},
}
"""For requests that may be repeated."""
IF_NOT_SENT: Fields = {"retry_on": "connect-failure", "num_retries": 1}
"""For the others: nobody has seen the request."""


@dataclass(frozen=True, slots=True)
class EdgeRoute:
    """Where one method of one path template goes. `limit` reads `requests/seconds`; `max_body` is in bytes."""

    method: str
    path: str
    function: str
    auth: bool = True
    limit: str | None = None
    timeout_s: float = 30.0
    max_body: int = 65_536
    streams: bool = False


def declared() -> list[EdgeRoute]:
    """The routes of all functions."""
    return [EdgeRoute(**row) for row in routes()]


def virtual_host(table: Iterable[EdgeRoute], namespace: str, cold_start_s: float = COLD_START_S) -> Fields:
    """Everything the public port serves. Raises ValueError when two functions serve the same."""
    return {
        "name": "public",
        "domains": ["*"],
        "routes": [
            _told("/health/live", '{"status":"live"}'),
            _told("/health/ready", '{"status":"ready"}'),
            _refused({"prefix": "/health/"}, 404, "There are /health/live and /health/ready."),
            _objects(),
            *_api(table, namespace, cold_start_s),
            _refused({"prefix": "/"}, 404, "Nothing is served at this path; the API is below /api/v1."),
        ],
    }


def _api(table: Iterable[EdgeRoute], namespace: str, cold_start_s: float) -> Iterator[Fields]:
    ordered = sorted(table, key=lambda route: (_precedence(route.path), route.method))
    for _, group in itertools.groupby(ordered, key=lambda route: _precedence(route.path)):
        same_path = list(group)
        methods = [route.method for route in same_path]
        if len(set(methods)) < len(methods):
            raise ValueError(f"two functions serve one method of {same_path[0].path}: {same_path}")
        for route in same_path:
            yield _route(route, namespace, cold_start_s)
        allowed = ", ".join(sorted({*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))
        refused = _refused(_path(same_path[0].path), 405, f"This path takes {allowed}.")
        yield refused | {"response_headers_to_add": [header("allow", allowed)]}


def _precedence(path: str) -> tuple[tuple[bool, str], ...]:
    """Sorts literal segments before parameters, from the left; equal for templates that fit the same paths."""
    segments = path.strip("/").split("/")
    return tuple(
        (segment.startswith("{"), "" if segment.startswith("{") else segment) for segment in segments
    )


def _path(template: str) -> Fields:
    if "{" not in template:
        return {"path": template}
    parts = re.split(r"\{[^}]*\}", template)
    return {"safe_regex": {"regex": "[^/]+".join(map(re.escape, parts))}}


def _route(route: EdgeRoute, namespace: str, cold_start_s: float) -> Fields:
    methods = "GET|HEAD" if route.method == "GET" else route.method
    metadata: Fields = {"function": route.function}
    filters: Fields = {"envoy.filters.http.buffer": _buffer(route.max_body)}
    if not route.auth:
        filters["envoy.filters.http.ext_authz"] = _UNCHECKED
    if route.limit:
        quota, window_s = _limit(route)
        metadata |= {"quota": str(quota), "window_s": str(window_s)}
        filters["envoy.filters.http.local_ratelimit"] = _rate_limit(route, quota, window_s)
    return {
        "name": f"{route.method} {route.path}",
        "match": {
            **_path(route.path),
            "headers": [{"name": ":method", "string_match": {"safe_regex": {"regex": methods}}}],
        },
        "metadata": {
            "filter_metadata": {
                LUA: metadata,
                BOUND: {"max_body": str(route.max_body)},
            }
        },
        "route": {
            "cluster": route.function,
            "host_rewrite_literal": f"{route.function}.{namespace}.svc.cluster.local",
            "append_x_forwarded_host": True,
            **_patience(route, cold_start_s),
        },
        "typed_per_filter_config": filters,
    }


def _patience(route: EdgeRoute, cold_start_s: float) -> Fields:
    timeout = f"{route.timeout_s + cold_start_s:g}s"
    retry = AGAIN if route.method in REPEATABLE else IF_NOT_SENT
    if route.streams:
        # Without an end of its own, and `per_try_timeout` counts until the answer's head only.
        return {
            "timeout": "0s",
            "idle_timeout": f"{SILENCE_S}s",
            "retry_policy": {**retry, "per_try_timeout": timeout},
        }
    return {"timeout": timeout, "retry_policy": retry}


def _objects() -> Fields:
    # Presigned URLs are signed for a host, so that the store must see the client's; it has bounds, CORS and
    # signatures of its own.
    return {
        "name": OBJECTS,
        "match": {"prefix": "/objects/"},
        "metadata": {"filter_metadata": {LUA: {"own_cors": True}}},
        "route": {"cluster": OBJECTS, "timeout": "120s"},
        "typed_per_filter_config": {
            "envoy.filters.http.ext_authz": _UNCHECKED,
            "envoy.filters.http.buffer": typed("filters.http.buffer.v3.BufferPerRoute", disabled=True),
        },
    }


def _told(path: str, document: str) -> Fields:
    return {
        "name": path,
        "match": {"path": path},
        "direct_response": {"status": 200, "body": {"inline_string": document}},
        "response_headers_to_add": [
            header("content-type", "application/json"),
            header("cache-control", "no-store"),
        ],
        "typed_per_filter_config": {"envoy.filters.http.ext_authz": _UNCHECKED},
    }


def _refused(match: Fields, status: int, detail: str) -> Fields:
    """`detail` becomes that of a problem document (edge_replies)."""
    return {
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": detail}},
        "typed_per_filter_config": {"envoy.filters.http.ext_authz": _UNCHECKED},
    }


_UNCHECKED = typed("filters.http.ext_authz.v3.ExtAuthzPerRoute", disabled=True)


def _buffer(most: int) -> Fields:
    return typed("filters.http.buffer.v3.BufferPerRoute", buffer={"max_request_bytes": most})


def _limit(route: EdgeRoute) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,5})", route.limit or "")
    if not found:
        raise ValueError(f"{route.function}: limit {route.limit!r} is not <requests>/<seconds>, e.g. 60/60")
    return int(found[1]), int(found[2])


MOST_BUCKETS = 10_000
"""Callers counted for one route; above it the one seen longest ago is forgotten."""


def _rate_limit(route: EdgeRoute, quota: int, window_s: int) -> Fields:
    """One bucket for each user, or for each address where nobody is signed in."""
    caller, action = (
        ("user", {"request_headers": {"header_name": "x-user-id", "descriptor_key": "user"}})
        if route.auth
        else ("remote_address", {"remote_address": {}})
    )
    bucket = {"max_tokens": quota, "tokens_per_fill": quota, "fill_interval": f"{window_s}s"}
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return typed(
        "filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=route.function,
        token_bucket=bucket,  # only where the caller can't be told, which the order of filters excludes
        always_consume_default_token_bucket=False,
        filter_enabled=always,
        filter_enforced=always,
        enable_x_ratelimit_headers="DRAFT_VERSION_03",
        rate_limits=[{"actions": [action]}],
        descriptors=[{"entries": [{"key": caller}], "token_bucket": bucket}],
        max_dynamic_descriptors=MOST_BUCKETS,
    )
