"""The edge's own answers as problem documents (RFC 9457), by Envoy's local_reply_config."""

from __future__ import annotations

from edge.answers import RETRY_AFTER_S
from edge.checks import nameless
from edge.fields import METADATA, Fields, header
from edge.protections import of_local_replies
from edge.readiness import PATH
from edge.site import EdgeSite

LATER = {"retry-after": str(RETRY_AFTER_S)}
_ROUTE = f"%METADATA(ROUTE:{METADATA}:{{}})%"


def local_replies(site: EdgeSite) -> Fields:
    """Which answer of Envoy's becomes which document; the first that fits decides."""
    replies = _replies()
    for mapper in replies["mappers"]:
        mapper["headers_to_add"] = [*of_local_replies(site), *mapper.get("headers_to_add", [])]
    return replies


def _replies() -> Fields:
    return {
        "mappers": [
            _ready(),
            _problem(
                _all(_asked_ready(), _status("EQ", 503)),
                503,
                "NOT_READY",
                "Parts of the platform are starting; try again shortly.",
                LATER,
            ),
            # What the authorize function answered goes to the client as it is.
            {"filter": _all(_flags("UAEX"), _status("LE", 499))},
            *(
                _problem(
                    unanswered,
                    503,
                    "AUTHORIZATION_UNAVAILABLE",
                    "Sign-in could not be checked; nothing was done. Try again shortly.",
                    LATER,
                )
                for unanswered in (_flags("UAEX"), nameless())
            ),
            _problem(_status("EQ", 403), 403, "ORIGIN_NOT_ALLOWED", "%LOCAL_REPLY_BODY%"),
            _problem(_status("EQ", 421), 421, "HOST_UNKNOWN", "%LOCAL_REPLY_BODY%"),
            _problem(
                _status("EQ", 429),
                429,
                "RATE_LIMITED",
                "Too many requests; Retry-After says when to try again.",
            ),
            _problem(_status("EQ", 404), 404, "NOT_FOUND", "%LOCAL_REPLY_BODY%"),
            _problem(_status("EQ", 405), 405, "METHOD_NOT_ALLOWED", "%LOCAL_REPLY_BODY%"),
            _problem(
                _status("EQ", 413),
                413,
                "BODY_TOO_LARGE",
                f"A request body holds at most {_ROUTE.format('max_body')} bytes.",
            ),
            _problem(
                _flags("UO", "OM", "DO"),
                503,
                "OVERLOADED",
                "The service is at its limit; try again shortly.",
                LATER,
            ),
            _problem(_status("EQ", 504), 504, "UPSTREAM_TIMEOUT", "The answer took too long.", LATER),
            _problem(
                _status("EQ", 408),
                408,
                "BODY_INCOMPLETE",
                "The request did not arrive in time; send it again.",
            ),
            _problem(_status("EQ", 431), 431, "HEADERS_TOO_LARGE", "Cookies or headers are too large."),
            _problem(_status("EQ", 400), 400, "BAD_REQUEST", "This is no valid HTTP request."),
            # A coding of bodies that Envoy does not know: trying again helps nobody.
            _problem(
                _status("EQ", 501),
                501,
                "NOT_IMPLEMENTED",
                "A body is sent as it is or chunked; no other Transfer-Encoding is known.",
            ),
            _problem(
                _status("GE", 500),
                503,
                "UPSTREAM_UNAVAILABLE",
                "The service is starting or restarting; try again shortly.",
                LATER,
            ),
        ]
    }


_TITLES = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    421: "Misdirected Request",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def _problem(
    when: Fields, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> Fields:
    return {
        "filter": when,
        "status_code": status,
        "headers_to_add": [header(name, value) for name, value in (headers or {}).items()],
        "body_format_override": {
            "content_type": "application/problem+json",
            "json_format": {
                "type": "about:blank",
                "title": _TITLES[status],
                "status": "%RESPONSE_CODE%",
                "detail": detail,
                "instance": "%PATH(NQ)%",
                "code": code,
                "request_id": "%REQ(x-request-id)%",
            },
        },
    }


def _ready() -> Fields:
    return {
        "filter": _all(_asked_ready(), _status("EQ", 200)),
        "headers_to_add": [header("cache-control", "no-store")],
        "body_format_override": {
            "content_type": "application/json",
            "json_format": {"status": "ready"},
        },
    }


def _asked_ready() -> Fields:
    return {"header_filter": {"header": {"name": ":path", "string_match": {"prefix": PATH}}}}


def _all(*filters: Fields) -> Fields:
    return {"and_filter": {"filters": list(filters)}}


def _flags(*flags: str) -> Fields:
    return {"response_flag_filter": {"flags": list(flags)}}


def _status(op: str, value: int) -> Fields:
    comparison = {"op": op, "value": {"default_value": value, "runtime_key": "edge.status"}}
    return {"status_code_filter": {"comparison": comparison}}
