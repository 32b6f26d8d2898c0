"""Counters of a broker, in Prometheus' text format on /metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class BrokerMetrics:
    """Counters of one broker process; labels are looked up once and kept, because the look-up costs more."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        received = Counter(
            "eco2_broker_events_total", "Events at the ingress", ["outcome"], registry=registry
        )
        self.accepted = received.labels("accepted")
        self.unroutable = received.labels("unroutable")
        self.invalid = received.labels("invalid")
        self.failed = received.labels("failed")
        self._deliveries = Counter(
            "eco2_broker_deliveries_total",
            "Delivery attempts and what they came to",
            ["trigger", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "eco2_broker_delivery_seconds",
            "Time of one delivery attempt",
            ["trigger"],
            registry=registry,
            buckets=_SECONDS,
        )
        self._in_flight = Gauge(
            "eco2_broker_in_flight", "Events being delivered", ["trigger"], registry=registry
        )
        self._waiting = Gauge(
            "eco2_broker_waiting",
            "Events in memory that wait for their turn (the embedded broker's)",
            ["trigger"],
            registry=registry,
        )

    def of(self, trigger: str) -> DeliveryMetrics:
        """The counters of one trigger."""
        return DeliveryMetrics(trigger, self._deliveries, self._seconds, self._in_flight, self._waiting)

    def text(self) -> bytes:
        """All counters, as /metrics answers."""
        return generate_latest(self.registry)


class DeliveryMetrics:
    """Counters of one trigger, with their labels looked up."""

    def __init__(
        self, trigger: str, deliveries: Counter, seconds: Histogram, in_flight: Gauge, waiting: Gauge
    ) -> None:
        self.delivered = deliveries.labels(trigger, "delivered")
        self.rejected = deliveries.labels(trigger, "rejected")
        self.retried = deliveries.labels(trigger, "retried")
        self.dead_lettered = deliveries.labels(trigger, "dead_lettered")
        self.dropped = deliveries.labels(trigger, "dropped")
        self.seconds = seconds.labels(trigger)
        self.in_flight = in_flight.labels(trigger)
        self.waiting = waiting.labels(trigger)
