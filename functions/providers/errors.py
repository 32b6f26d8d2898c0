"""Errors of models. Messages carry no key, no prompt, no answer: they may be logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

Reason = Literal[
    "timeout",  # no answer within the time budget
    "connection",  # refused, reset, name not found
    "server_error",  # 5xx, 408, 409
    "rate_limited",  # 429 with time to wait for
    "busy",  # our own limiter's wait was over
    "circuit_open",  # the provider failed too often just now
    "quota",  # out of credit
    "budget",  # the user has caused as many calls as one may in a day
    "unauthorized",  # key missing, wrong or without the right
    "rejected",  # the provider finds the request itself wrong
    "not_configured",  # no key, no address, no offline answer
    "exhausted",  # every model of the fallback chain failed
]

RETRYABLE: Final[frozenset[Reason]] = frozenset(
    {"timeout", "connection", "server_error", "rate_limited", "busy", "circuit_open"}
)
"""Reasons that may be gone when the caller comes back later."""


class ModelError(Exception):
    """A model gave no valid answer.

    `retryable`: the same call may succeed later. `error_type`: its name in metrics and traces.
    """

    retryable: bool = False
    error_type: str = "unknown_model"


class UnknownModel(ModelError, ValueError):
    """No configured model has this name; `supported` are those that do."""

    def __init__(self, model: str, supported: Sequence[str]) -> None:
        super().__init__(f"unknown model {model[:64]!r}; supported: {', '.join(supported)}")
        self.model = model
        self.supported = list(supported)


class ModelUnavailable(ModelError):
    """The provider did not answer. `retry_after_s` is what it asked us to wait, if it said so."""

    def __init__(
        self, model: str, reason: Reason, detail: str = "", *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{model}: {reason}" + (f" ({detail})" if detail else ""))
        self.model = model
        self.reason = self.error_type = reason
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.retryable = reason in RETRYABLE


class ChainExhausted(ModelUnavailable):
    """Every model of the fallback chain failed; `failures` in the order asked."""

    def __init__(self, failures: Mapping[str, ModelError]) -> None:
        told = "; ".join(str(failure) for failure in failures.values())
        super().__init__(next(iter(failures)), "exhausted", told)
        self.failures = dict(failures)
        self.retryable = any(failure.retryable for failure in failures.values())


class ModelRefused(ModelError):
    """The model, or the provider's safety filter, will not answer this input. Never asked elsewhere."""

    error_type = "refused"

    def __init__(self, model: str, detail: str = "") -> None:
        super().__init__(f"{model}: refused" + (f" ({detail})" if detail else ""))
        self.model = model


class ModelOutputInvalid(ModelError):
    """The output broke the schema, and so did its repair. `findings`: where and why, without the values."""

    error_type = "invalid_output"

    def __init__(self, model: str, findings: Sequence[str]) -> None:
        super().__init__(f"{model}: invalid output ({'; '.join(findings[:5])})")
        self.model = model
        self.findings = list(findings)
