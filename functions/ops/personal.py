"""What operations hold of users."""

from __future__ import annotations

from functions.runtime.personal import PersonalData, PersonalTable


class OpsData(PersonalData):
    """Events about users that could not be delivered."""

    tables = (
        PersonalTable(
            "ops.quarantine",
            "undelivered_events",
            "type, subject, first_seen_at, last_seen_at, convert_from(data, 'UTF8') AS data",
            of="attributes->>'userid' = %(user)s",
        ),
    )
