"""The routes of the public port, made from the route table.

Paths are matched as sent (still percent-encoded), so that an encoded slash never becomes another route; literal
segments win over parameters; the first template that fits a path decides, also about 405.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from edge import answers
from edge.checks import CHECK, NAMED
from edge.clusters import SHORT
from edge.fields import METADATA, OFF, Fields, header, typed
from edge.hosts import two_hosts, unknown_host
from edge.identity import from_inside
from edge.limits import BUFFER, RATE, body_limit, rate_limit
from edge.origins import foreign_change, preflights
from edge.retries import AGAIN, IF_NOT_SENT, REPEATABLE
from edge.site import OBJECTS, EdgeSite
from edge.table import EdgeRoute

SILENCE_S = 60
"""A stream sends a keepalive every 15 s: one that is silent for longer is dead."""
_OPEN: Fields = {CHECK: OFF, NAMED: OFF}
"""Nobody is asked who the caller is."""
_UNBUFFERED = typed("filters.http.buffer.v3.BufferPerRoute", disabled=True)


def virtual_host(table: Iterable[EdgeRoute], site: EdgeSite) -> Fields:
    """Everything the public port serves. Raises ValueError when two functions serve the same."""
    return {
        "name": "public",
        "domains": ["*"],
        "routes": [
            _no_tunnel(),
            _refused(_all([two_hosts()]), 400, "A request names one host."),
            _refused(_all([unknown_host()]), 421, "This name is not served here; see ECO2_HOSTS."),
            *preflights({**_OPEN, answers.FILTER: OFF}),
            _refused(
                _all(foreign_change()),
                403,
                "Pages of this origin may change nothing here; see ECO2_CORS_ORIGINS.",
            ),
            _told("/health/live", '{"status":"live"}'),
            _told("/health/ready", '{"status":"ready"}'),
            _refused({"prefix": "/health/"}, 404, "There are /health/live and /health/ready."),
            _objects(),
            *_api(table, site),
            _refused({"prefix": "/"}, 404, "Nothing is served at this path; the API is below /api/v1."),
        ],
    }


def _api(table: Iterable[EdgeRoute], site: EdgeSite) -> Iterator[Fields]:
    ordered = sorted(table, key=lambda route: (_precedence(route.path), route.method))
    for _, group in itertools.groupby(ordered, key=lambda route: _precedence(route.path)):
        same_path = list(group)
        methods = [route.method for route in same_path]
        if len(set(methods)) < len(methods):
            raise ValueError(f"two functions serve one method of {same_path[0].path}: {same_path}")
        for route in same_path:
            yield _route(route, site)
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


def _method(method: str) -> Fields:
    matched = {"safe_regex": {"regex": "GET|HEAD"}} if method == "GET" else {"exact": method}
    return {"name": ":method", "string_match": matched}


def _route(route: EdgeRoute, site: EdgeSite) -> Fields:
    metadata: Fields = {"function": route.function, "max_body": str(route.max_body)}
    filters: Fields = body_limit(route.max_body)
    if not route.auth:
        filters |= _OPEN
    if route.quota:
        requests, seconds = route.quota
        filters[RATE] = rate_limit(route, requests, seconds)
        filters[answers.FILTER] = answers.limit_fields(route.function, requests, seconds)
    return {
        "name": f"{route.method} {route.path}",
        "match": {**_path(route.path), "headers": [_method(route.method)]},
        "metadata": {"filter_metadata": {METADATA: metadata}},
        "route": {
            "cluster": site.upstream(route.function),
            "host_rewrite_literal": site.host(route.function),
            "append_x_forwarded_host": True,
            **({} if route.streams else {"priority": SHORT}),
            **_patience(route, site.cold_start_s),
        },
        "request_headers_to_add": [from_inside()],
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
    # Presigned URLs are signed for a host, so that the store must see the client's; it has bounds and signatures of
    # its own. Where it leads for a copy that is not made yet the edge goes itself, as a CDN with a second origin would.
    return {
        "name": OBJECTS,
        "match": {"prefix": "/objects/"},
        "metadata": {"filter_metadata": {METADATA: {"function": OBJECTS}}},
        "route": {
            "cluster": OBJECTS,
            "timeout": "120s",
            "internal_redirect_policy": {"max_internal_redirects": 1, "redirect_response_codes": [307]},
        },
        "typed_per_filter_config": {
            **_OPEN,
            BUFFER: _UNBUFFERED,
        },
    }


def _all(headers: list[Fields]) -> Fields:
    return {"prefix": "/", "headers": headers}


def _no_tunnel() -> Fields:
    """CONNECT is refused at once. Its body is a tunnel without an end, for which the buffer would wait."""
    return _refused({"connect_matcher": {}}, 405, "This is no proxy.") | {
        "response_headers_to_add": [header("allow", "DELETE, GET, HEAD, OPTIONS, PATCH, POST")],
        "typed_per_filter_config": {**_OPEN, BUFFER: _UNBUFFERED},
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
        "typed_per_filter_config": _OPEN,
    }


def _refused(match: Fields, status: int, detail: str) -> Fields:
    """`detail` becomes that of a problem document (edge.replies)."""
    return {
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": detail}},
        "typed_per_filter_config": _OPEN,
    }
