"""The access log: one JSON line a request, with the fields that the functions' logs have."""

from __future__ import annotations

from edge.fields import METADATA, Fields, extension

_LINE = {
    "timestamp": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3f+00:00)%",
    "level": "INFO",
    "logger": "eco2.edge",
    "message": "%REQ(:method)% %PATH(NQ)% %RESPONSE_CODE%",
    "method": "%REQ(:method)%",
    "path": "%PATH(NQ)%",
    "status": "%RESPONSE_CODE%",
    "duration_ms": "%DURATION%",
    "function": f"%METADATA(ROUTE:{METADATA}:function)%",
    "request_id": "%REQ(x-request-id)%",
    "traceparent": "%REQ(traceparent)%",
    "received_bytes": "%BYTES_RECEIVED%",
    "sent_bytes": "%BYTES_SENT%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "flags": "%RESPONSE_FLAGS%",
    "why": "%RESPONSE_CODE_DETAILS%",
}


def access_log() -> Fields:
    """Where the lines go: never a query string, a cookie or a header that may hold a token is among them."""
    return extension(
        "envoy.access_loggers.stdout",
        "access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": _LINE},
    )
