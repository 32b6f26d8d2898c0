"""The headers that only the edge sets: a request's id, its trace, its revision, and the secret that functions ask for.

Nothing here is a script: Envoy's early header mutation removes what clients may not say and draws random digits, a
header mutation keeps a client's id and trace where they are well-formed.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.fields import Fields, extension, header, mutations, removed, removed_by_prefix, where, written
from process.inside import FIELD

_FRESH = "x-edge-id"
_REMOVED = ("x-user-id", FIELD, "forwarded", "x-forwarded-host", "x-forwarded-proto")
_REMOVED_PREFIXES = ("x-auth-", "x-envoy-", "x-edge-", "x-ratelimit-", "knative-serving-", "k-")
"""`k-`: by K-Network-Probe and K-Kubelet-Probe Knative's proxies know each other."""


def early(proxies: int) -> Fields:
    """The first mutation of the headers: nobody outside says who is calling, from where, or which revision.

    Behind `proxies` X-Forwarded-For stays, of which Envoy believes what the farthest of them has added.
    """
    return extension(
        "envoy.http.early_header_mutation.header_mutation",
        "http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[
            *(removed(name) for name in _REMOVED),
            *([] if proxies else [removed("x-forwarded-for")]),
            *(removed_by_prefix(prefix) for prefix in _REMOVED_PREFIXES),
            written(_FRESH, "%UNIQUE_ID%"),
        ],
    )


def identity(proxies: int) -> Fields:
    """The filter that settles id, trace, revision and, behind `proxies`, the one address that functions are told.

    Where a tracer is configured it goes on from this trace.
    """
    trace = "request.headers['traceparent']"
    goes_on = f"'traceparent' in request.headers && {_good_trace(trace)}"
    return mutations(
        "edge.identity",
        request=[
            written("x-request-id", _chosen("x-request-id", _good_id, _DIGITS)),
            # Before the trace it is judged by: what belongs to a trace that does not go on is emptied.
            written(
                "tracestate",
                f"%CEL('tracestate' in request.headers && {goes_on} ? request.headers['tracestate'] : '')%",
                "OVERWRITE_IF_EXISTS",
                keep_empty_value=True,
            ),
            written("traceparent", _chosen("traceparent", _good_trace, _NEW_TRACE)),
            written("knative-serving-tag", f"%CEL({_CANARY} ? 'canary' : '')%"),
            removed(_FRESH),
            *([written("x-forwarded-for", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")] if proxies else []),
        ],
    )


def no_probe() -> Fields:
    """The filter for requests that Knative's proxies would take for a probe of the kubelet, and answer themselves."""
    renamed = mutations("envoy.filters.http.header_mutation", request=[written("user-agent", "unknown")])
    return where("edge.no-probe", "user-agent", {"prefix": "kube-probe/"}, renamed)


def from_inside() -> Fields:
    """On the way to functions: the secret, which Envoy finds in its environment and no file of its own holds."""
    return header(FIELD, "%ENVIRONMENT(ECO2_INSIDE_SECRET)%")


def _chosen(name: str, is_good: Callable[[str], str], otherwise: str) -> str:
    """The client's field where it is there and good, else another value."""
    field = f"request.headers['{name}']"
    return f"%CEL('{name}' in request.headers && {is_good(field)} ? {field} : {otherwise})%"


# CEL takes short regular expressions only: `{8,128}` would be too long for it.
def _good_id(field: str) -> str:
    return f"size({field}) >= 8 && size({field}) <= 128 && {field}.matches('^[A-Za-z0-9._-]+$')"


def _good_trace(field: str) -> str:
    """W3C Trace Context, version 00: 32 and 16 digits that are not all zero."""
    return (
        f"size({field}) == 55 && {field}.charAt(35) == '-'"
        f" && {field}.matches('^00-[0-9a-f]+-[0-9a-f]+-[0-9a-f][0-9a-f]$')"
        f" && !{field}.matches('^00-0+-|-0+-..$')"
    )


_CANARY = "'x-canary' in request.headers && request.headers['x-canary'] == 'true'"
_DIGITS = f"request.headers['{_FRESH}'].replace('-', '')"
_NEW_TRACE = f"'00-' + {_DIGITS} + '-' + {_DIGITS}.substring(16) + '-01'"
