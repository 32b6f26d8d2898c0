"""Structured events, valid and invalid: the kinds of the CloudEvents conformance corpus (format/json) and more.

The values are ours. Plain data, so that it can be read where neither pytest nor our dependencies are installed.
"""

from __future__ import annotations

from typing import Any

MINIMAL = {"specversion": "1.0", "id": "e-1", "type": "eco2.scan.requested", "source": "/eco2/scan/submit"}


def without(name: str) -> dict[str, str]:
    """The smallest event, less one attribute."""
    return {key: value for key, value in MINIMAL.items() if key != name}


INVALID: list[tuple[str, dict[str, Any]]] = [
    ("specversion", without("specversion")),
    ("id", without("id")),
    ("type", without("type")),
    ("source", without("source")),
    ("time", {**MINIMAL, "time": "yesterday"}),
    ("time", {**MINIMAL, "time": "2026-03-01T09:15Z"}),
    ("time", {**MINIMAL, "time": "2026-03-01T09:15:00Q"}),
    ("time", {**MINIMAL, "time": "2026-03-01T09:15:00+24:30"}),
    ("time", {**MINIMAL, "time": "2026-03-01T09:15:00+ab:00"}),
    ("time", {**MINIMAL, "time": "2026-03-01T09:15:00+09"}),
    ("id", {**MINIMAL, "id": ""}),
    ("type", {**MINIMAL, "type": ""}),
    ("source", {**MINIMAL, "source": ""}),
    ("specversion", {**MINIMAL, "specversion": ""}),
    ("specversion", {**MINIMAL, "specversion": "0.3"}),
    ("datacontenttype", {**MINIMAL, "datacontenttype": "json"}),
    ("datacontenttype", {**MINIMAL, "datacontenttype": ""}),
    ("dataschema", {**MINIMAL, "dataschema": ""}),
    ("subject", {**MINIMAL, "subject": ""}),
    ("id", {**MINIMAL, "id": 7}),
    ("id", {**MINIMAL, "id": {"is": "object"}}),
    ("userId", {**MINIMAL, "userId": "u"}),
    ("user.id", {**MINIMAL, "user.id": "u"}),
    ("share", {**MINIMAL, "share": 0.5}),
    ("data", {**MINIMAL, "data": "both", "data_base64": "Ym90aA=="}),
    # Beyond the corpus
    ("time", {**MINIMAL, "time": "2026-02-29T00:00:00Z"}),
    ("time", {**MINIMAL, "time": "2026-01-01T24:00:00Z"}),
    ("time", {**MINIMAL, "time": "2026-01-01T12:00:60Z"}),
    ("time", {**MINIMAL, "time": "2026-01-01 12:00:00Z"}),
    ("time", {**MINIMAL, "time": "٢٠٢٦-01-01T12:00:00Z"}),
    ("time", {**MINIMAL, "time": 1767225600}),
    ("datacontenttype", {**MINIMAL, "datacontenttype": "text/plain; charset"}),
    ("datacontenttype", {**MINIMAL, "datacontenttype": ["application/json"]}),
    ("dataschema", {**MINIMAL, "dataschema": "schemas/scan.json"}),
    ("source", {**MINIMAL, "source": "/eco2/scan submit"}),
    ("source", {**MINIMAL, "source": "1scheme:x"}),
    ("source", {**MINIMAL, "source": "/eco2/%zz"}),
    ("source", {**MINIMAL, "source": "/스캔"}),
    ("subject", {**MINIMAL, "subject": "line\nbreak"}),
    ("subject", {**MINIMAL, "subject": "￾"}),
    ("retries", {**MINIMAL, "retries": 2**31}),
    ("tags", {**MINIMAL, "tags": ["a"]}),
    ("expirytime", {**MINIMAL, "expirytime": "soon"}),
    ("data_base64", {**MINIMAL, "data_base64": "not base64!"}),
    ("data_base64", {**MINIMAL, "data_base64": 5}),
]
"""The attribute that is wrong, and the document."""

VALID: list[dict[str, Any]] = [
    {},
    {"datacontenttype": None, "dataschema": None, "subject": None, "time": None},
    {
        "datacontenttype": "text/plain",
        "dataschema": "https://eco2.example/schemas/1",
        "subject": "job",
        "time": "2026-03-01T09:15:00Z",
    },
    {"time": "2026-03-01T09:15:00.123456789Z"},
    {"time": "2026-03-01T18:15:00+09:00"},
    {"time": "2026-03-01T05:15:00-04:00"},
    {"time": "2024-02-29t00:00:00z"},
    {"time": "2016-12-31T23:59:60Z"},
    {"time": "2017-01-01T08:59:60+09:00"},
    {"source": "#part"},
    {"source": "//host/path"},
    {"source": "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66"},
    {"source": "https://user@[2001:db8::1]:8080/a/b;c=1?q=%20#f"},
    {"source": "mailto:eco@example.org"},
    {"source": "1-555-123-4567"},
    {"datacontenttype": "text/plain", "data": "plain"},
    {"datacontenttype": 'multipart/mixed; boundary="a \\" b"'},
    {"datacontenttype": "application/json ; charset=utf-8"},
    {"anumber": -(2**31), "aflag": False, "text": "", "bytes": "TWE=", "when": "2026-03-01T09:15:00Z"},
    {"averyverylongextensionname": "is only advised against"},
    {"subject": "재활용 ♻️"},
    {"data": {"item": "페트병"}},
    {"data": None},
    {"data_base64": ""},
    {"data": [1.5e300, "\u0000"]},
]
"""What is added to the smallest event."""
