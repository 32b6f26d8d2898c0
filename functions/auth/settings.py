"""Settings of sign-in: tokens, their keys, and the cookies they come in."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import setting


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """Keys, claims and lives of tokens; cookies and where sign-in returns to."""

    signing_keys: str = setting("", "folder with the RS256 keys (PEM) that sign tokens")
    issuer: str = setting("https://eco2.local", "`iss` of tokens")
    audience: str = setting("eco2-api", "`aud` of tokens")
    access_ttl_s: int = setting(1800, "life of an access token, seconds", least=10)
    refresh_ttl_s: int = setting(1_209_600, "life of a refresh token, seconds", least=60)
    cookie_domain: str = setting("", "Domain of the login cookies; empty: host only")
    frontend_url: str = setting("", "where sign-in returns to; empty: the origin asked")
