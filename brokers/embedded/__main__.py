"""The embedded broker's command line: `python -m brokers.embedded --port P --database-url URL --triggers FILE`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from brokers.embedded.broker import EmbeddedBroker
from brokers.metrics import BrokerMetrics
from brokers.serve import arguments, run
from brokers.settings import BrokerSettings
from brokers.trigger import Wiring
from process.settings import SettingsError, read


def main() -> str | None:
    """Run until told to stop; returns an error for sys.exit."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--database-url", help="default: $ECO2_DATABASE_URL")
    parser.add_argument("--wait-s", type=float, default=10.0, help="for another owner of the journal to end")
    options = parser.parse_args()
    try:
        url = options.database_url or read(BrokerSettings, os.environ).database_url.get_secret_value()
    except SettingsError as error:
        return str(error)
    if not url:
        return "give --database-url or set ECO2_DATABASE_URL"

    def make(wiring: Wiring, metrics: BrokerMetrics, end: Callable[[], None]) -> EmbeddedBroker:
        return EmbeddedBroker(url, wiring.triggers, metrics, on_lost=end, wait_s=options.wait_s)

    return run(options, make)


if __name__ == "__main__":
    sys.exit(main())
