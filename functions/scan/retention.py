"""What scans keep, and how long."""

from __future__ import annotations

from functions.runtime.retention import Expires, Retention, Stays
from functions.scan.settings import ScanSettings

RETENTION: Retention = (
    Expires("scan.jobs", "scans with their results", "ended_at", (ScanSettings, "scan_days")),
    Stays("scan.stage_results", "what stages of scans made", "its scan goes"),
    Stays("scan.grants", "who has won what: each character once", "the account ends"),
    Stays("scan.outbox", "events on their way", "the broker took it"),
)
