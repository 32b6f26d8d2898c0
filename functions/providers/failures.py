"""The mapping from what providers' clients raise to errors of ours, one for all of them.

The clients' own messages are left out: they may repeat the key or the prompt.
"""

from __future__ import annotations

from typing import Final

from functions.providers.errors import ModelError, ModelRefused, ModelUnavailable, Reason

_FILTERED: Final = frozenset({"content_filter", "content_policy_violation", "moderation_blocked"})
_NO_CREDIT: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_DAY_S: Final = 86_400


def of_status(model: str, status: int, code: str = "", wait: str | None = None) -> ModelError:
    """The error for an answer with an error status, the provider's own code for it, and the time it asks to wait."""
    if code in _FILTERED:
        return ModelRefused(model, code)
    return ModelUnavailable(model, reason_of(status, code), f"status {status}", retry_after_s=seconds(wait))


def of_connection(model: str, error: BaseException) -> ModelError:
    """The error for a connection that was not made or broke."""
    return ModelUnavailable(model, "connection", type(error).__name__)


def of_answer(model: str, error: Exception) -> ModelError:
    """The error for an answer that the client itself could not read."""
    return ModelUnavailable(model, "server_error", f"unreadable answer: {type(error).__name__}")


def reason_of(status: int, code: str) -> Reason:
    """The reason that an HTTP status and the provider's code stand for."""
    if status == 402 or code in _NO_CREDIT:
        return "quota"
    if status == 429:
        return "rate_limited"
    if status in {401, 403}:
        return "unauthorized"
    return "server_error" if status >= 500 or status in {408, 409} else "rejected"


def seconds(wait: str | None) -> float | None:
    """The number in a Retry-After header or in Gemini's `1.5s`; None for a date or nonsense, which nobody sends."""
    try:
        number = float(wait.removesuffix("s")) if wait else -1.0
    except ValueError:
        return None
    return number if 0 <= number < _DAY_S else None
