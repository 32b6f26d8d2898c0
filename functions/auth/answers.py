"""What sign-in is asked and answers with, for the documents."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from functions.runtime.declaration import Sent

ASKED = (
    Sent(
        "redirect_uri",
        "query",
        "Where the provider sends the browser back to: a callback of ours that is configured.",
    ),
    Sent("device_id", "query", "The client's own name for the device."),
    Sent("frontend_origin", "query", "The page to return to; one of those that are configured."),
    Sent("X-Frontend-Origin", "header", "The same, as the web client says it."),
)
BROUGHT = (
    Sent("code", "query", "The provider's code."),
    Sent("state", "query", "The state that the sign-in began with; good once, in the same browser."),
)
RENEWING = (Sent("X-Refresh-Token", "header", "`Bearer <token>`, where there is no cookie `s_refresh`."),)
BEGINNING = ("INVALID_REDIRECT", "PROVIDER_NOT_CONFIGURED", "NOT_CONFIGURED")
REFUSED = ("LOGIN_REQUIRED", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED")


class AuthorizationAddress(BaseModel):
    """Where the browser goes to sign in."""

    authorization_url: str
    state: str


class SignInAddress(AuthorizationAddress):
    """Where the browser goes to sign in, and until when."""

    provider: Literal["google", "kakao", "naver"]
    expires_at: datetime


class SignInBegun(BaseModel):
    """A sign-in that was begun, in the envelope that the web client reads."""

    success: Literal[True]
    data: SignInAddress


class Farewell(BaseModel):
    """What a user is told at the end."""

    message: str


class LoggedOut(BaseModel):
    """The login is over."""

    success: Literal[True]
    data: Farewell


class VerifyingKey(BaseModel):
    """A public key (RFC 7517)."""

    kty: Literal["RSA"]
    use: Literal["sig"]
    alg: Literal["RS256"]
    kid: str
    n: str
    e: str


class KeySet(BaseModel):
    """Public keys, the one that signs first."""

    keys: list[VerifyingKey]
