"""The edge's own answers as problem documents (RFC 9457), by Envoy's local_reply_config."""

from __future__ import annotations

from dataclasses import dataclass

from edge.answers import RETRY_AFTER_S
from edge.checks import nameless
from edge.fields import METADATA, Fields, header
from edge.protections import of_local_replies
from edge.readiness import PATH
from edge.site import EdgeSite

_MAX_BODY = f"%METADATA(ROUTE:{METADATA}:max_body)%"
_WHAT_WAS_SAID = "%LOCAL_REPLY_BODY%"
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


@dataclass(frozen=True, slots=True)
class EdgeProblem:
    """An answer of the edge's: what clients are told, and `when` (an access log filter); else by Envoy's status."""

    status: int
    code: str
    detail: str
    when: Fields | None = None

    def mapper(self, site: EdgeSite) -> Fields:
        """The mapper that makes the document."""
        later = [header("retry-after", str(RETRY_AFTER_S))] if self.status in (503, 504) else []
        return {
            "filter": self.when or _status("EQ", self.status),
            "status_code": self.status,
            "headers_to_add": [*of_local_replies(site), *later],
            "body_format_override": {
                "content_type": "application/problem+json",
                "json_format": {
                    "type": "about:blank",
                    "title": _TITLES[self.status],
                    "status": "%RESPONSE_CODE%",
                    "detail": self.detail,
                    "instance": "%PATH(NQ)%",
                    "code": self.code,
                    "request_id": "%REQ(x-request-id)%",
                },
            },
        }


def local_replies(site: EdgeSite) -> Fields:
    """Which answer of Envoy's becomes which document; the first that fits decides."""
    # What the authorize function answered goes to the client as it is.
    of_authorize = {"filter": _all(_flags("UAEX"), _status("LE", 499))}
    as_they_are = [
        {**mapper, "headers_to_add": [*of_local_replies(site), *mapper.get("headers_to_add", [])]}
        for mapper in (_ready(), of_authorize)
    ]
    return {"mappers": [*as_they_are, *(problem.mapper(site) for problem in problems())]}


def problems() -> tuple[EdgeProblem, ...]:
    """The problems, in the order in which they are looked for."""
    unchecked = "Sign-in could not be checked; nothing was done. Try again shortly."
    not_ready = _all(_asked_ready(), _status("EQ", 503))
    return (
        EdgeProblem(503, "NOT_READY", "Parts of the platform are starting; try again shortly.", not_ready),
        EdgeProblem(503, "AUTHORIZATION_UNAVAILABLE", unchecked, _flags("UAEX")),
        EdgeProblem(503, "AUTHORIZATION_UNAVAILABLE", unchecked, nameless()),
        EdgeProblem(403, "ORIGIN_NOT_ALLOWED", _WHAT_WAS_SAID),
        EdgeProblem(421, "HOST_UNKNOWN", _WHAT_WAS_SAID),
        EdgeProblem(429, "RATE_LIMITED", "Too many requests; Retry-After says when to try again."),
        EdgeProblem(404, "NOT_FOUND", _WHAT_WAS_SAID),
        EdgeProblem(405, "METHOD_NOT_ALLOWED", _WHAT_WAS_SAID),
        EdgeProblem(413, "BODY_TOO_LARGE", f"A request body holds at most {_MAX_BODY} bytes."),
        EdgeProblem(
            503,
            "OVERLOADED",
            "The service is at its limit; try again shortly.",
            _flags("UO", "OM", "DO"),
        ),
        EdgeProblem(504, "UPSTREAM_TIMEOUT", "The answer took too long."),
        EdgeProblem(408, "BODY_INCOMPLETE", "The request did not arrive in time; send it again."),
        EdgeProblem(431, "HEADERS_TOO_LARGE", "Cookies or headers are too large."),
        EdgeProblem(400, "BAD_REQUEST", "This is no valid HTTP request."),
        # A coding of bodies that Envoy does not know: trying again helps nobody.
        EdgeProblem(
            501,
            "NOT_IMPLEMENTED",
            "A body is sent as it is or chunked; no other Transfer-Encoding is known.",
        ),
        EdgeProblem(
            503,
            "UPSTREAM_UNAVAILABLE",
            "The service is starting or restarting; try again shortly.",
            _status("GE", 500),
        ),
    )


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
