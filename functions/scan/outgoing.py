"""The events that leave scans with the rows they tell of. Table `scan.outbox`."""

from __future__ import annotations

from functions.runtime.outgoing import Outgoing


class ScanOutgoing(Outgoing):
    """Requests of scans, and characters that were granted."""

    schema = "scan"
