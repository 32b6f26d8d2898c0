"""Errors of tokens and sign-in, each as the client sees it."""

from __future__ import annotations

from functions.runtime.errors import Invalid, Unauthorized


class SigningKeysError(RuntimeError):
    """The folder of signing keys can't be used; the message says what to put there."""


class SignInFailed(Exception):
    """A sign-in with an identity provider ended without a person; the reason is for our log.

    `frontend` is where the browser came from, or None where that is not known.
    """

    def __init__(self, reason: str, frontend: str | None = None) -> None:
        super().__init__(reason)
        self.frontend = frontend


class PersonUnknown(Exception):
    """An identity provider's answer does not say who the person is."""

    def __init__(self, provider: str) -> None:
        super().__init__(f"{provider} told no id of the person")


class TokenRefused(Unauthorized):
    """A token was refused. The details say nothing that helps to forge one."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(
            code, detail, headers={"www-authenticate": f'Bearer realm="eco2", error="{code.lower()}"'}
        )


class TokenMissing(TokenRefused):
    """No token came with the request."""

    def __init__(self) -> None:
        super().__init__(
            "LOGIN_REQUIRED",
            "Sign in first; this needs a valid access token. Cookies belong to a host, so localhost is not 127.0.0.1.",
        )


class TokenInvalid(TokenRefused):
    """The token is not one of ours, was changed, or is for something else."""

    def __init__(self) -> None:
        super().__init__("TOKEN_INVALID", "This token is not valid here; sign in again.")


class TokenExpired(TokenRefused):
    """The token is ours, but its time is over."""

    def __init__(self) -> None:
        super().__init__("TOKEN_EXPIRED", "This token has expired; refresh it or sign in again.")


class TokenRevoked(TokenRefused):
    """The token is ours, but it was revoked."""

    def __init__(self) -> None:
        super().__init__("TOKEN_REVOKED", "This login was ended; sign in again.")


class InvalidRedirect(Invalid):
    """Sign-in was asked to return to an address that is not on the list."""

    def __init__(self) -> None:
        super().__init__(
            "INVALID_REDIRECT", "Sign-in can't return to this address; use one that is configured."
        )
