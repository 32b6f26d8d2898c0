"""The errors a handler may raise; `problems` and `delivery` map each to a status in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class FunctionError(Exception):
    """An error with a machine-readable code and a sentence a person can act on.

    `status` is what an HTTP caller sees (RFC 9110); `detail` never holds secrets or another library's text.
    """

    status: ClassVar[int] = 500

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.errors = code, detail, tuple(errors)
        self.headers, self.extra = dict(headers or {}), dict(extra or {})


class Invalid(FunctionError):
    """The request can't be understood or names something that is not allowed."""

    status = 400


class Unauthorized(FunctionError):
    """There is no valid login."""

    status = 401


class Outside(FunctionError):
    """The caller is no part of the platform."""

    status = 403


class NotFound(FunctionError):
    """The thing is unknown, or another user's: the answer does not tell which."""

    status = 404


class Conflict(FunctionError):
    """The request contradicts what is going on right now."""

    status = 409


class TooLarge(FunctionError):
    """The body is larger than what the function takes."""

    status = 413


class UnsupportedType(FunctionError):
    """The body is of a type that is not taken."""

    status = 415


class Unprocessable(FunctionError):
    """The request was understood, but is against a rule."""

    status = 422


class TooMany(FunctionError):
    """The caller holds or has used as much as one user may; `policy` names which share, `after_s` when to ask again."""

    status = 429

    def __init__(self, code: str, detail: str, *, policy: str = "share", after_s: int) -> None:
        # The fields of draft-ietf-httpapi-ratelimit-headers, as the edge writes them for its own limits.
        told = {"retry-after": str(after_s), "ratelimit": f'"{policy}";r=0;t={after_s}'}
        super().__init__(code, detail, headers=told)


class Unavailable(FunctionError):
    """Something that is needed is down; nothing was lost, try again."""

    status = 503

    def __init__(self, detail: str, *, after_s: int = 2, code: str = "UNAVAILABLE") -> None:
        super().__init__(code, detail, headers={"retry-after": str(after_s)})


class Retry(Unavailable):
    """An event could not be handled now: the broker shall deliver it again (contract: 5xx is retried)."""


class Reject(Invalid):
    """An event can never succeed: recorded, then dropped by the broker (contract: 4xx is not retried)."""
