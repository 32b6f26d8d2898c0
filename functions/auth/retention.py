"""What sign-in keeps, and how long."""

from __future__ import annotations

from functions.auth.settings import AuthSettings
from functions.runtime.retention import Expires, Retention, Stays

RETENTION: Retention = (
    Expires("auth.sessions", "logins", "expires_at", (AuthSettings, "session_days")),
    Expires("auth.login_audits", "who signed in when and from where", "at", (AuthSettings, "audit_days")),
    Stays("auth.identities", "which account a provider's user has", "the account ends"),
    Stays("auth.revocations", "logins that ended before their tokens", "the last of the tokens has expired"),
    Stays("auth.deletions", "accounts that are being deleted", "an hour has passed"),
    Stays("auth.outbox", "events on their way", "the broker took it"),
)
