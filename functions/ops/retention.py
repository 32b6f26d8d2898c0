"""What operations keep, and how long; also the journal of the embedded broker and the list of migrations."""

from __future__ import annotations

from functions.ops.settings import OpsSettings
from functions.runtime.retention import Expires, Retention, Stays

RETENTION: Retention = (
    Expires(
        "ops.inbox", "which events were handled, with the reply", "created_at", (OpsSettings, "inbox_days")
    ),
    Expires(
        "ops.quarantine",
        "dead letters that were sent again, given up or discarded",
        "last_seen_at",
        (OpsSettings, "quarantine_days"),
        only="state <> 'held'",
    ),
    Stays("ops.outbox", "events on their way", "the broker took it"),
    Stays("broker.journal", "events of the embedded broker", "it was delivered, or is a dead letter"),
    Stays("public.schema_migrations", "which migrations ran", "the database goes"),
)
