"""Retries of requests: which, and after what."""

from __future__ import annotations

from edge.fields import Fields

REPEATABLE = frozenset({"GET", "DELETE"})
AGAIN: Fields = {
    # Functions answer in JSON: plain text is the ingress, the activator or queue-proxy saying that a pod has gone.
    "retry_on": "connect-failure,refused-stream,reset,retriable-headers",
    "retriable_headers": [{"name": "content-type", "string_match": {"prefix": "text/plain"}}],
    "num_retries": 2,
    "retry_back_off": {"base_interval": "0.1s", "max_interval": "1s"},
}
"""For requests that may be repeated."""
IF_NOT_SENT: Fields = {"retry_on": "connect-failure", "num_retries": 1}
"""For the others: nobody has seen the request."""
