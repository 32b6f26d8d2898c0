"""The edge's log: one JSON line a request and one for each of Envoy's own words, with the functions' field names."""

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
    """The access log on standard output; no query string, cookie or header that may hold a token is in it."""
    return extension(
        "envoy.access_loggers.stdout",
        "access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": _LINE},
    )


def application_log() -> Fields:
    """The format of Envoy's own log lines."""
    line = {
        "timestamp": "%Y-%m-%dT%T.%e+00:00",
        "level": "%l",
        "logger": "envoy.%n",
        "message": "%j",
    }
    return {"log_format": {"json_format": line}}
