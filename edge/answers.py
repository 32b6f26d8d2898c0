"""The filters for a function's answer: nothing internal leaves, and what Knative's proxies say becomes a problem."""

from __future__ import annotations

from edge.fields import Fields, changes, extension, mutations, removed, removed_by_prefix, typed, written

FILTER = "edge.answers"
RETRY_AFTER_S = 2


def answers() -> Fields:
    """The filter that only lets the edge say who is calling, which pages may read an answer, and what serves it."""
    return mutations(
        FILTER,
        response=[
            removed("x-user-id"),
            removed("server"),
            removed("vary"),
            removed_by_prefix("x-auth-"),
            removed_by_prefix("x-envoy-"),
            removed_by_prefix("access-control-"),
            written("vary", "Origin, Accept-Encoding"),  # whatever a function said: the console is packed
        ],
    )


def limit_fields(function: str, requests: int, seconds: int) -> Fields:
    """On a route with a limit: RateLimit fields (draft-ietf-httpapi-ratelimit-headers) in place of Envoy's own."""
    left = "response.headers['x-ratelimit-remaining']"
    state = f"'\"{function}\";r=' + {left} + ';t={wait(requests, seconds)}'"
    said = "response.headers['ratelimit']"
    counted = f"('x-ratelimit-remaining' in response.headers ? {state} : '')"
    return typed(
        "filters.http.header_mutation.v3.HeaderMutationPerRoute",
        mutations=changes(
            response=[
                written("ratelimit-policy", f'"{function}";q={requests};w={seconds}'),
                # A function that refuses for a share of its own says which; a refused check is not counted.
                written("ratelimit", f"%CEL('ratelimit' in response.headers ? {said} : {counted})%"),
                removed_by_prefix("x-ratelimit-"),
            ]
        ),
    )


def wait(requests: int, seconds: int) -> int:
    """Seconds after which one more request is certainly allowed: buckets fill continuously."""
    return -(-seconds // requests)


def proxies() -> Fields:
    """The filter that replaces an error that no function wrote; local_reply_config makes its document.

    Functions and the object store answer in JSON and XML: another kind of 404 or 5xx is Knative's ingress, activator
    or queue-proxy, whose text is for operators.
    """
    errors = [_replaced("504", 504), _replaced("404", 503), _replaced("5[0-9][0-9]", 503)]
    return extension(
        "envoy.filters.http.custom_response",
        "filters.http.custom_response.v3.CustomResponse",
        custom_response_matcher={"matcher_list": {"matchers": errors}},
    )


def _replaced(status: str, by: int) -> Fields:
    from_function = _is("content-type", "application/.*")
    answer = typed("http.custom_response.local_response_policy.v3.LocalResponsePolicy", status_code=by)
    return {
        "predicate": {
            "and_matcher": {"predicate": [_is(":status", status), {"not_matcher": from_function}]},
        },
        "on_match": {"action": {"name": "problem", "typed_config": answer}},
    }


def _is(name: str, regex: str) -> Fields:
    kind = "type.googleapis.com/envoy.type.matcher.v3.HttpResponseHeaderMatchInput"
    return {
        "single_predicate": {
            "input": {"name": name, "typed_config": {"@type": kind, "header_name": name}},
            "value_match": {"safe_regex": {"google_re2": {}, "regex": regex}},
        }
    }
