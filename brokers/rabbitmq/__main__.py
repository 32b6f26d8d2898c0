"""`python -m brokers.rabbitmq --port P --amqp-url URL --triggers FILE`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from brokers.metrics import Metrics
from brokers.rabbitmq.broker import RabbitMQBroker
from brokers.rabbitmq.layout import Layout
from brokers.serve import arguments, run
from brokers.trigger import Wiring


def main() -> str | None:
    """Run until told to stop; returns an error for sys.exit."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--amqp-url", default=os.environ.get("ECO2_AMQP_URL"))
    parser.add_argument("--namespace", default="eco2")
    parser.add_argument("--broker", default="default")
    options = parser.parse_args()
    if not options.amqp_url:
        return "give --amqp-url or set ECO2_AMQP_URL"

    def make(wiring: Wiring, metrics: Metrics, _end: Callable[[], None]) -> RabbitMQBroker:
        layout = Layout(options.namespace, options.broker)
        return RabbitMQBroker(options.amqp_url, wiring.triggers, metrics, layout)

    return run(options, make)


if __name__ == "__main__":
    sys.exit(main())
