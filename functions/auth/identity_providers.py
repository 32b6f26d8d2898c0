"""The identity providers that people sign in with: what differs between Google, Kakao and Naver.

Sources: Google "OpenID Connect" and "OAuth 2.0 for Web Server Applications", Kakao Developers "Kakao Login, REST API",
Naver Developers "네이버 로그인 API 명세". All three speak the authorization code flow (RFC 6749, 4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from functions.auth.errors import PersonUnknown
from functions.auth.person import Person
from functions.auth.settings import OAuthSettings, ProviderName
from functions.runtime.errors import NotFound
from functions.runtime.text import composed, shown
from process.settings import Secret

MAX_TEXT = 120
MAX_URL = 2048


@dataclass(frozen=True, slots=True)
class Profile:
    """How a provider wants to be asked: its scopes, PKCE, and how its description of a person reads.

    state_in_token: the token request repeats the state, as Naver asks.
    """

    scope: str
    pkce: bool
    person: Callable[[Mapping[str, Any]], Person]
    state_in_token: bool = False


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """A configured provider: its addresses, what it knows us by, its profile."""

    name: ProviderName
    authorize_url: str
    token_url: str
    userinfo_url: str
    client_id: str
    client_secret: Secret
    profile: Profile

    @classmethod
    def of(cls, name: ProviderName, settings: OAuthSettings) -> Self:
        """The provider as configured. Raises NotFound where there is no client id for it."""
        fields = ("authorize_url", "token_url", "userinfo_url", "client_id")
        texts = {field: str(getattr(settings, f"{name}_{field}")) for field in fields}
        secret: Secret = getattr(settings, f"{name}_client_secret")
        found = cls(name=name, client_secret=secret, profile=PROFILES[name], **texts)
        if not found.client_id:
            raise NotFound("PROVIDER_NOT_CONFIGURED", f"Signing in with {name} is not set up here.")
        return found


def _google(told: Mapping[str, Any]) -> Person:
    return _person(
        "google",
        told.get("sub"),
        told.get("given_name") or told.get("name"),
        told.get("email"),
        told.get("picture"),
    )


def _kakao(told: Mapping[str, Any]) -> Person:
    account = _object(told, "kakao_account")
    profile = _object(account, "profile")
    return _person(
        "kakao",
        told.get("id"),
        profile.get("nickname"),
        account.get("email"),
        profile.get("profile_image_url"),
    )


def _naver(told: Mapping[str, Any]) -> Person:
    response = _object(told, "response")
    return _person(
        "naver",
        response.get("id"),
        response.get("nickname"),
        response.get("email"),
        response.get("profile_image"),
    )


def _person(provider: str, subject: Any, name: Any, email: Any, picture: Any) -> Person:
    """What a person agreed to tell; only the id is certain. Raises PersonUnknown without one."""
    if isinstance(subject, bool) or not isinstance(subject, str | int) or not 1 <= len(str(subject)) <= 255:
        raise PersonUnknown(provider)
    subject = str(subject)
    called = _text(name, MAX_TEXT) or f"이웃-{subject[-4:]}"
    image = _text(picture, MAX_URL)
    if image and not image.startswith(("https://", "http://")):
        image = None
    return Person(provider, subject, called, _text(email, 320), image)


def _object(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = told.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(value: Any, most: int) -> str | None:
    """A text as it may be stored and shown: in NFC, to be seen, not empty, `most` characters of it."""
    if not isinstance(value, str):
        return None
    text: str = composed(shown(value))
    return text[:most].strip() or None


PROFILES: Mapping[ProviderName, Profile] = {
    "google": Profile("openid email profile", pkce=True, person=_google),
    "kakao": Profile("", pkce=True, person=_kakao),
    "naver": Profile("", pkce=False, person=_naver, state_in_token=True),
}
