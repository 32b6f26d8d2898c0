"""Where an edge runs: its ports, and the addresses behind which it finds functions, objects and a collector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.fields import Address

OBJECTS = "objects"
_SHARED = "functions"


@dataclass(frozen=True, slots=True)
class EdgeSite:
    """One place where the edge runs; the defaults are those of a pod on the cluster.

    functions: the one address of all functions, which are told apart by their Host; None: each has a name in the
    cluster's DNS. objects: the same for the object store.
    watched: name → address of processes that must be ready for /health/ready to say so; none: this Envoy suffices.
    operations_port, admin_port: 0 leaves these ports out. Without the admin port operations are questions for health.
    collector: where spans are posted (OTLP over HTTP), e.g. http://host:4318/v1/traces; or empty.
    """

    namespace: str = "eco2"
    bind: str = "0.0.0.0"  # noqa: S104 - a pod is reached from outside
    port: int = 8080
    operations_port: int = 8090
    admin_port: int = 9901
    functions: Address | None = None
    objects: Address | None = None
    watched: Mapping[str, Address] = field(default_factory=dict)
    collector: str = ""
    drain_s: float = 15.0
    cold_start_s: float = 10.0
    """Added to a route's timeout: the time a function may take to come up from zero pods."""
    most_connections: int = 20_000
    """Of clients; one more is closed."""
    most_upstream: int = 20_000
    """Streams at once from one address of functions, and as many other requests; one more is answered 503."""
    most_heap_bytes: int = 192 * 1024 * 1024
    address_limit: tuple[int, int] | None = (1200, 10)
    """Requests that one address may send in so many seconds: a school or an office behind one is hundreds of users."""
    proxies: int = 0
    """Proxies in front that each add to X-Forwarded-For who called them; 0: the peer is the client."""
    behind_tls: bool = True
    """Clients come by https and shall come back by nothing else."""

    def host(self, name: str) -> str:
        """The name by which the cluster's ingress, or a function host, knows a function."""
        return f"{name}.{self.namespace}.svc.cluster.local"

    def upstream(self, name: str) -> str:
        """Which of `upstreams` serves a function, or the object store."""
        return name if name == OBJECTS or self.functions is None else _SHARED

    def address(self, upstream: str) -> Address:
        """Host and port of an upstream."""
        known = {_SHARED: self.functions, OBJECTS: self.objects}
        return known.get(upstream) or (self.host(upstream), 80)
