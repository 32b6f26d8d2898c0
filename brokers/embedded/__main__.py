"""The embedded broker's command line: `python -m brokers.embedded --port P --database-url URL --triggers FILE`."""

from __future__ import annotations

import sys

from brokers.embedded.broker import EmbeddedBroker
from brokers.serve import Start, arguments, run


def main() -> str | None:
    """Run until told to stop; returns an error for sys.exit."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--wait-s", type=float, default=10.0, help="for another owner of the journal to end")

    def make(start: Start) -> EmbeddedBroker:
        triggers, wait_s = start.wiring.triggers, start.options.wait_s
        return EmbeddedBroker(start.url, triggers, start.metrics, on_lost=start.end, wait_s=wait_s)

    return run(parser, "database_url", make)


if __name__ == "__main__":
    sys.exit(main())
