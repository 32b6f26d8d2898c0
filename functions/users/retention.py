"""What accounts keep, and how long."""

from __future__ import annotations

from functions.runtime.retention import Expires, Retention, Stays

RETENTION: Retention = (
    Stays("users.accounts", "accounts", "the account ends"),
    Stays("users.social_accounts", "which providers an account signs in with", "the account ends"),
    Stays("users.user_characters", "collected characters", "the account ends"),
    Expires("users.phone_refusals", "how often others' phone numbers were tried", "began_at", 1),
)
