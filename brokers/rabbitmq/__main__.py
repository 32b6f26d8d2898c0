"""The command line of the broker on RabbitMQ: `python -m brokers.rabbitmq --port P --amqp-url URL --triggers FILE`."""

from __future__ import annotations

import sys

from brokers.rabbitmq.broker import RabbitMQBroker
from brokers.rabbitmq.layout import Layout
from brokers.serve import Start, arguments, run


def main() -> str | None:
    """Run until told to stop; returns an error for sys.exit."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--namespace", default="eco2")
    parser.add_argument("--broker", default="default")

    def make(start: Start) -> RabbitMQBroker:
        layout = Layout(start.options.namespace, start.options.broker)
        return RabbitMQBroker(start.url, start.wiring.triggers, start.metrics, layout)

    return run(parser, "amqp_url", make)


if __name__ == "__main__":
    sys.exit(main())
