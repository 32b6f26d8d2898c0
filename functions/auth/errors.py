"""What can be wrong with a token or a sign-in; each is what the client sees."""

from __future__ import annotations

from functions.runtime.errors import Invalid, Unauthorized


class SigningKeysError(RuntimeError):
    """The folder of signing keys can't be used; the message says what to put there."""


class TokenRefused(Unauthorized):
    """A token that opens nothing. The details say nothing that helps to forge one."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(
            code, detail, headers={"www-authenticate": f'Bearer realm="eco2", error="{code.lower()}"'}
        )


class TokenMissing(TokenRefused):
    """No token came with the request."""

    def __init__(self) -> None:
        super().__init__("LOGIN_REQUIRED", "Sign in first; this needs a valid access token.")


class TokenInvalid(TokenRefused):
    """Not a token of ours, changed, or one for something else."""

    def __init__(self) -> None:
        super().__init__("TOKEN_INVALID", "This token is not valid here; sign in again.")


class TokenExpired(TokenRefused):
    """A token of ours whose time is over."""

    def __init__(self) -> None:
        super().__init__("TOKEN_EXPIRED", "This token has expired; refresh it or sign in again.")


class TokenRevoked(TokenRefused):
    """A token of ours that was taken back."""

    def __init__(self) -> None:
        super().__init__("TOKEN_REVOKED", "This login was ended; sign in again.")


class InvalidRedirect(Invalid):
    """A place to return to that is not on the list."""

    def __init__(self) -> None:
        super().__init__(
            "INVALID_REDIRECT", "Sign-in can't return to this address; use one that is configured."
        )
