"""What is kept of characters, and how long."""

from __future__ import annotations

from functions.runtime.retention import Retention, Stays

RETENTION: Retention = (Stays("characters.ownerships", "who owns which character", "the account ends"),)
