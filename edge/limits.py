"""Bounds of one route: how often a caller may come, and how much a request may carry."""

from __future__ import annotations

from edge.answers import wait
from edge.fields import Fields, extension, header, typed
from edge.table import EdgeRoute

RATE = "envoy.filters.http.local_ratelimit"
ADDRESSES = "edge.addresses"
BUFFER = "envoy.filters.http.buffer"
BOUND = "envoy.filters.http.fault"
MOST_BUCKETS = 10_000
"""Callers counted for one route; above it the one seen longest ago is forgotten."""
_ALWAYS: Fields = {"numerator": 100, "denominator": "HUNDRED"}
_LONGEST = 2**62


def rates() -> Fields:
    """The filter that counts, on routes that configure it by `rate_limit`."""
    return extension(RATE, "filters.http.local_ratelimit.v3.LocalRateLimit", stat_prefix="edge") | {
        "disabled": True
    }


def addresses(limit: tuple[int, int] | None) -> list[Fields]:
    """The filter that counts every request by its address, before anybody is asked anything about it."""
    if limit is None:
        return []
    return [
        extension(
            ADDRESSES,
            "filters.http.local_ratelimit.v3.LocalRateLimit",
            stat_prefix="addresses",
            **_counted("remote_address", {"remote_address": {}}, *limit),
        )
    ]


def bodies() -> list[Fields]:
    """The filters that bound bodies, as `body_limit` says.

    They come before the check: while that waits, a body that is larger than the connection's buffer would fill it,
    and nobody would be there to refuse it.
    """
    return [
        extension(BUFFER, "filters.http.buffer.v3.Buffer", max_request_bytes=65_536),
        extension(BOUND, "filters.http.fault.v3.HTTPFault", disable_downstream_cluster_stats=True),
    ]


def rate_limit(route: EdgeRoute, requests: int, seconds: int) -> Fields:
    """One bucket for each user, or for each address where nobody is signed in."""
    caller, action = (
        ("user", {"request_headers": {"header_name": "x-user-id", "descriptor_key": "user"}})
        if route.auth
        else ("remote_address", {"remote_address": {}})
    )
    return typed(
        "filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=route.function,
        enable_x_ratelimit_headers="DRAFT_VERSION_03",
        **_counted(caller, action, requests, seconds),
    )


def _counted(caller: str, action: Fields, requests: int, seconds: int) -> Fields:
    """A bucket for each value of what `action` takes from a request."""
    bucket = {"max_tokens": requests, "tokens_per_fill": requests, "fill_interval": f"{seconds}s"}
    return {
        "token_bucket": bucket,  # only where the caller can't be told, which the order of filters excludes
        "always_consume_default_token_bucket": False,
        "filter_enabled": {"default_value": _ALWAYS},
        "filter_enforced": {"default_value": _ALWAYS},
        "response_headers_to_add": [header("retry-after", str(wait(requests, seconds)))],
        "rate_limits": [{"actions": [action]}],
        "descriptors": [{"entries": [{"key": caller}], "token_bucket": bucket}],
        "max_dynamic_descriptors": MOST_BUCKETS,
    }


def body_limit(most: int) -> dict[str, Fields]:
    """A map of filter name to what holds a route to `most` bytes.

    The buffer filter sends a body on whole, and with its length; but it lets one pass that ends within the read in
    which it exceeds the bound. So the filter after it looks at the length: Envoy's fault injection is the one that
    answers with a status of ours for a range of a field's values.
    """
    longer = {"name": "content-length", "range_match": {"start": most + 1, "end": _LONGEST}}
    too_large = {"http_status": 413, "percentage": _ALWAYS}
    return {
        BUFFER: typed("filters.http.buffer.v3.BufferPerRoute", buffer={"max_request_bytes": most}),
        BOUND: typed("filters.http.fault.v3.HTTPFault", abort=too_large, headers=[longer]),
    }
