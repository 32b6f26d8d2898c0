"""Cross-origin rules of the public port (Fetch standard, CORS protocol): exact origins with credentials, never `*`.

Envoy's cors filter leaves its own answers (404, 405) without these fields and answers preflights with 200, so that
preflights are routes here and the other fields a header mutation that runs for allowed origins only.
"""

from __future__ import annotations

import re

from edge.fields import OFF, Fields, header, lua_matched, mutations, where, written

FILTER = "edge.origins"
METHODS = "GET, POST, PATCH, DELETE, PUT, OPTIONS"
REQUEST_HEADERS = (
    "Content-Type, X-Frontend-Origin, Idempotency-Key, X-Idempotency-Key, Authorization, X-Refresh-Token, "
    "Last-Event-ID, X-Request-Id"
)
EXPOSED = "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Location, ETag"
PREFLIGHT_AGE_S = 600

# Which origins may read answers: the settings that functions have too, read when Envoy starts, so that one
# configuration serves every cluster. The only script; it runs for requests that name an origin.
_ALLOWED = """
local allowed = {}
for text in (os.getenv("ECO2_CORS_ORIGINS") or ""):gmatch("[^,%s]+") do
  local origin = text:gsub("/$", "")
  if not origin:match("^https?://[^/*%s]+$") then
    error("ECO2_CORS_ORIGINS: '" .. text .. "' is no origin; write https://host[:port]")
  end
  allowed[origin] = true
end
local loopback = os.getenv("ECO2_ENV") == "local"

function envoy_match(origin)
  if allowed[origin] then
    return true
  end
  local host = loopback and origin:match("^https?://(.+)$")
  if not host then
    return false
  end
  host = host:gsub(":%d%d?%d?%d?%d?$", "")
  return host == "localhost" or host == "[::1]" or host == "127.0.0.1"
end
"""


def check_origins(text: str) -> None:
    """Say before Envoy does what is wrong with ECO2_CORS_ORIGINS. Raises ValueError naming what is no origin."""
    for origin in re.split(r"[,\s]+", text.strip(", \t\n")):
        if origin and not re.fullmatch(r"https?://[^/*\s]+/?", origin):
            raise ValueError(f"ECO2_CORS_ORIGINS: {origin!r} is no origin; write https://host[:port]")


def origins() -> Fields:
    """The filter that lets allowed origins read answers."""
    readable = mutations(
        "envoy.filters.http.header_mutation",
        response=[
            written("access-control-allow-origin", "%REQ(origin)%"),
            written("access-control-allow-credentials", "true"),
            written("access-control-expose-headers", EXPOSED),
        ],
    )
    return where(FILTER, "origin", _allowed(), readable)


def preflights(unchecked: Fields) -> list[Fields]:
    """Routes that answer every preflight, whatever its path. `unchecked`: filters that do not run for answers."""
    asked = [
        {"name": ":method", "string_match": {"exact": "OPTIONS"}},
        {"name": "origin", "present_match": True},
        {"name": "access-control-request-method", "present_match": True},
    ]
    vary = header("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
    return [
        {
            "match": {"prefix": "/", "headers": [*asked, {"name": "origin", "string_match": _allowed()}]},
            "direct_response": {"status": 204},
            "response_headers_to_add": [
                header("access-control-allow-origin", "%REQ(origin)%"),
                header("access-control-allow-credentials", "true"),
                header("access-control-allow-methods", METHODS),
                header("access-control-allow-headers", REQUEST_HEADERS),
                header("access-control-max-age", str(PREFLIGHT_AGE_S)),
                vary,
            ],
            "typed_per_filter_config": {**unchecked, FILTER: OFF},
        },
        {
            "match": {"prefix": "/", "headers": asked},
            "direct_response": {"status": 403},
            "response_headers_to_add": [vary],
            "typed_per_filter_config": {**unchecked, FILTER: OFF},
        },
    ]


def foreign_change() -> list[Fields]:
    """Matches requests by which a page of another origin would change something for who is signed in (CSRF).

    SameSite=Lax lets cookies go along from sibling sites. A page can't add Authorization without asking first, and
    what is no browser sends no Origin.
    """
    return [
        {"name": ":method", "string_match": {"safe_regex": {"regex": "POST|PUT|PATCH|DELETE"}}},
        {"name": "cookie", "present_match": True},
        {"name": "authorization", "present_match": True, "invert_match": True},
        {"name": "origin", "present_match": True},
        {"name": "origin", "string_match": _allowed(), "invert_match": True},
    ]


def _allowed() -> Fields:
    return lua_matched(_ALLOWED)
