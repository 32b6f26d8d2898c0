"""GET /health/ready of an edge that answers for other processes: Envoy asks each of them all the time.

On a cluster the edge answers for itself alone (edge.routes): functions at zero pods are ready by design.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.fields import Address, Fields, endpoints, extension, socket
from edge.hosts import known_host

PATH = "/health/ready"
_EVERY_S = 1.0
_AGAIN_S = 0.1
"""A process that is not ready is asked more often: somebody is waiting for it."""


def readiness(watched: Mapping[str, Address]) -> list[Fields]:
    """The filter that answers 200 when all of `watched` are ready, else 503; edge.replies makes its document."""
    if not watched:
        return []
    path = {"name": ":path", "string_match": {"safe_regex": {"regex": rf"{PATH}(\?.*)?"}}}
    return [
        extension(
            "envoy.filters.http.health_check",
            "filters.http.health_check.v3.HealthCheck",
            pass_through_mode=False,
            cluster_min_healthy_percentages={_cluster(name): {"value": 100} for name in watched},
            headers=[path, known_host()],
        )
    ]


def watching(watched: Mapping[str, Address]) -> list[Fields]:
    """Clusters that carry no requests but Envoy's own, each over a connection of its own.

    Processes that share a port are asked in no order: after a while each has been.
    """
    return [
        {
            "name": _cluster(name),
            "connect_timeout": "1s",
            "load_assignment": endpoints(_cluster(name), socket(*address)),
            "health_checks": [
                {
                    "timeout": "1s",
                    "interval": f"{_EVERY_S}s",
                    "no_traffic_interval": f"{_EVERY_S}s",
                    "no_traffic_healthy_interval": f"{_EVERY_S}s",
                    "unhealthy_interval": f"{_AGAIN_S}s",
                    "unhealthy_threshold": 2,
                    "healthy_threshold": 1,
                    "reuse_connection": False,
                    "http_health_check": {"path": PATH, "host": name},
                }
            ],
        }
        for name, address in watched.items()
    ]


def _cluster(name: str) -> str:
    return f"ready-{name}"
