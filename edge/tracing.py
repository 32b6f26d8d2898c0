"""Spans of the edge: Envoy's OpenTelemetry tracer, only where there is a collector to send them to."""

from __future__ import annotations

from urllib.parse import urlsplit

from edge.fields import Address, Fields

COLLECTOR = "collector"
_TIMEOUT_S = 5


def collector_address(url: str) -> Address:
    """Host and port of an OTLP receiver. Raises ValueError for what is no `http://host:port`."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(
            f"collector {url!r}: write http://host:port/v1/traces; the edge sends OTLP over HTTP"
        )
    return parts.hostname, parts.port or 4318


def tracing(url: str) -> Fields:
    """Options of the public connection manager; none without a collector."""
    if not url:
        return {}
    sent = {
        "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
        "service_name": "edge",
        "http_service": {
            "http_uri": {
                "uri": url,
                "cluster": COLLECTOR,
                "timeout": f"{_TIMEOUT_S}s",
            }
        },
    }
    return {
        "tracing": {
            "provider": {"name": "envoy.tracers.opentelemetry", "typed_config": sent},
            "spawn_upstream_span": False,
            "max_path_tag_length": 0,  # paths and queries may hold what a user wrote
        }
    }
