"""External authorization: the authorize function is asked once about every request that needs a login."""

from __future__ import annotations

from edge.clusters import AUTHORIZE_LISTENER, SHORT
from edge.fields import Fields, extension, manager
from edge.identity import from_inside
from edge.retries import AGAIN
from edge.site import EdgeSite

CHECK = "envoy.filters.http.ext_authz"
NAMED = "envoy.filters.http.rbac"
AUTHORIZE = "auth-authorize"
CHECK_TIMEOUT_S = 10
"""The authorize function may have to start from zero pods."""
LOOP = "authorize-loop"
"""The cluster that leads back into this process, to the listener of `checked_by`."""
_SENT = ("authorization", "cookie", "x-request-id", "traceparent")
"""What authorize needs. More is read on the way to it: Knative itself answers 200 to `User-Agent: kube-probe/…`."""
_TO_CLIENT = (
    "content-type",
    "www-authenticate",
    "set-cookie",
    "retry-after",
    "location",
    "cache-control",
)


def check() -> Fields:
    """The filter that asks about every route that does not say otherwise; without an answer: 503."""
    return extension(
        CHECK,
        "filters.http.ext_authz.v3.ExtAuthz",
        transport_api_version="V3",
        failure_mode_allow=False,
        status_on_error={"code": "ServiceUnavailable"},
        allowed_headers=_names(*_SENT),
        http_service={
            "server_uri": {"uri": f"http://{AUTHORIZE}", "cluster": LOOP, "timeout": f"{CHECK_TIMEOUT_S}s"},
            "authorization_response": {
                "allowed_upstream_headers": {"patterns": [{"exact": "x-user-id"}, {"prefix": "x-auth-"}]},
                "allowed_client_headers": _names(*_TO_CLIENT),
            },
        },
    )


def named() -> Fields:
    """The filter behind the check: without the name of a caller nothing passes, whoever answered 200 to the check."""
    somebody = {"header": {"name": "x-user-id", "string_match": {"safe_regex": {"regex": "\\S+"}}}}
    policy = {"permissions": [{"any": True}], "principals": [somebody]}
    return extension(
        NAMED, "filters.http.rbac.v3.RBAC", rules={"action": "ALLOW", "policies": {"somebody": policy}}
    )


def nameless() -> Fields:
    """For an access log filter: what `named` refused."""
    said = "response.code_details.startsWith('rbac_access_denied')"
    return {
        "extension_filter": extension(
            "cel", "access_loggers.filters.cel.v3.ExpressionFilter", expression=said
        )
    }


def checked_by(site: EdgeSite) -> Fields:
    """A listener inside the process that gives checks the Host of the function: ext_authz sends the client's."""
    host = {
        "name": "authorize",
        "domains": ["*"],
        "routes": [
            {
                "match": {"prefix": "/"},
                "route": {
                    "cluster": site.upstream(AUTHORIZE),
                    "host_rewrite_literal": site.host(AUTHORIZE),
                    "priority": SHORT,
                    "timeout": f"{CHECK_TIMEOUT_S}s",
                    # A check changes nothing: it may be asked twice whatever the method.
                    "retry_policy": AGAIN,
                },
                "request_headers_to_add": [from_inside()],
            }
        ],
    }
    serving = manager("authorize", host, [], generate_request_id=False, normalize_path=False)
    return {
        "name": AUTHORIZE_LISTENER,
        "internal_listener": {},
        "filter_chains": [{"filters": [serving]}],
    }


def _names(*names: str) -> Fields:
    return {"patterns": [{"exact": name, "ignore_case": True} for name in names]}
