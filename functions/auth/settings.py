"""Settings of sign-in: tokens and their keys, cookies, where it returns to, and the identity providers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from process.settings import Names, Secret, Url, setting

ProviderName = Literal["google", "kakao", "naver"]
"""The identity providers there are."""


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """Keys, claims and lives of tokens; cookies and where sign-in returns to."""

    signing_keys: str = setting("", "folder with the RS256 keys (PEM) that sign tokens")
    issuer: str = setting("https://eco2.local", "`iss` of tokens")
    audience: str = setting("eco2-api", "`aud` of tokens")
    access_ttl_s: int = setting(1800, "life of an access token, seconds", least=10)
    refresh_ttl_s: int = setting(1_209_600, "life of a refresh token, seconds", least=60)
    login_days: int = setting(
        180, "days after which people sign in anew, however often they renewed", least=1, most=3_650
    )
    session_days: int = setting(30, "days that logins are kept after they expired", least=1)
    audit_days: int = setting(365, "days that it is kept who signed in when and from where", least=1)
    cookie_domain: str = setting("", "Domain of the login cookies; empty: host only")
    frontend_url: str = setting("", "where sign-in returns to; empty: the origin asked")
    api_origins: Names = setting(
        (),
        "origins where clients reach this API, the first for sign-in's callbacks by default, comma separated",
    )


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """Addresses of the identity providers, and what they know us by. Without a client id a provider is not offered."""

    prefix: ClassVar[str] = "OAUTH_"
    google_authorize_url: Url = setting(
        "https://accounts.google.com/o/oauth2/v2/auth", "Google: where a person agrees"
    )
    google_token_url: Url = setting(
        "https://oauth2.googleapis.com/token", "Google: where a code is exchanged"
    )
    google_userinfo_url: Url = setting(
        "https://www.googleapis.com/oauth2/v3/userinfo", "Google: where the person is described"
    )
    google_client_id: str = setting("", "Google: our client id; empty: not offered")
    google_client_secret: Secret = setting(
        Secret(""), "Google: our client secret", read_by="functions.auth.arrival"
    )
    kakao_authorize_url: Url = setting(
        "https://kauth.kakao.com/oauth/authorize", "Kakao: where a person agrees"
    )
    kakao_token_url: Url = setting("https://kauth.kakao.com/oauth/token", "Kakao: where a code is exchanged")
    kakao_userinfo_url: Url = setting(
        "https://kapi.kakao.com/v2/user/me", "Kakao: where the person is described"
    )
    kakao_client_id: str = setting("", "Kakao: our client id (REST API key); empty: not offered")
    kakao_client_secret: Secret = setting(
        Secret(""), "Kakao: our client secret", read_by="functions.auth.arrival"
    )
    naver_authorize_url: Url = setting(
        "https://nid.naver.com/oauth2.0/authorize", "Naver: where a person agrees"
    )
    naver_token_url: Url = setting("https://nid.naver.com/oauth2.0/token", "Naver: where a code is exchanged")
    naver_userinfo_url: Url = setting(
        "https://openapi.naver.com/v1/nid/me", "Naver: where the person is described"
    )
    naver_client_id: str = setting("", "Naver: our client id; empty: not offered")
    naver_client_secret: Secret = setting(
        Secret(""), "Naver: our client secret", read_by="functions.auth.arrival"
    )
