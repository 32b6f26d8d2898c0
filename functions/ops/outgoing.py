"""The events that leave operations with the rows they tell of. Table `ops.outbox`."""

from __future__ import annotations

from functions.runtime.outgoing import Outgoing


class OpsOutgoing(Outgoing):
    """Announcements of quarantined events."""

    schema = "ops"
