"""The command line of the broker on RabbitMQ: `python -m brokers.rabbitmq --port P --amqp-url URL --triggers FILE`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from brokers.metrics import BrokerMetrics
from brokers.rabbitmq.broker import RabbitMQBroker
from brokers.rabbitmq.layout import Layout
from brokers.serve import arguments, run
from brokers.settings import BrokerSettings
from brokers.trigger import Wiring
from process.settings import SettingsError, read


def main() -> str | None:
    """Run until told to stop; returns an error for sys.exit."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--amqp-url", help="default: $ECO2_AMQP_URL")
    parser.add_argument("--namespace", default="eco2")
    parser.add_argument("--broker", default="default")
    options = parser.parse_args()
    try:
        url = options.amqp_url or read(BrokerSettings, os.environ).amqp_url.get_secret_value()
    except SettingsError as error:
        return str(error)
    if not url:
        return "give --amqp-url or set ECO2_AMQP_URL"

    def make(wiring: Wiring, metrics: BrokerMetrics, _end: Callable[[], None]) -> RabbitMQBroker:
        layout = Layout(options.namespace, options.broker)
        return RabbitMQBroker(url, wiring.triggers, metrics, layout)

    return run(options, make)


if __name__ == "__main__":
    sys.exit(main())
