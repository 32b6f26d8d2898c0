"""The fields that tell browsers what they may do with an answer (OWASP ASVS 5.0, V3.4 and V14.3)."""

from __future__ import annotations

from edge.fields import Fields, header, mutations, written
from edge.site import EdgeSite

FILTER = "edge.protections"
_HSTS = ("strict-transport-security", "max-age=31536000; includeSubDomains")
_ALWAYS = (("x-content-type-options", "nosniff"),)
_UNLESS_SAID = (
    # A page that a function serves says by itself what it may load; everything else is data.
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    # What no function calls public belongs to a user, and is kept by nobody between us.
    ("cache-control", "no-store"),
)


def protections(site: EdgeSite) -> Fields:
    """The filter that writes them; what a function or a route said of these three itself stays."""
    return mutations(
        FILTER,
        response=[
            *(written(name, value) for name, value in (*_ALWAYS, *_transport(site))),
            *(written(name, value, "ADD_IF_ABSENT") for name, value in _UNLESS_SAID),
        ],
    )


def of_local_replies(site: EdgeSite) -> list[Fields]:
    """The same for answers to what is no request yet, which pass no filter."""
    return [header(name, value) for name, value in (*_ALWAYS, *_UNLESS_SAID, *_transport(site))]


def _transport(site: EdgeSite) -> list[tuple[str, str]]:
    return [_HSTS] if site.behind_tls else []
