"""Errors of events and of sending them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Findings(ValueError):
    """An error that holds everything that was wrong with one value: `findings` is {where: [reasons]}."""

    what = "the value is invalid"

    def __init__(self, findings: Mapping[str, Sequence[str]]) -> None:
        self.findings = {where: list(reasons) for where, reasons in findings.items()}
        told = "; ".join(f"{where} {', '.join(reasons)}" for where, reasons in self.findings.items())
        super().__init__(f"{self.what}: {told}")


class InvalidCloudEvent(Findings):
    """The message is no valid CloudEvents 1.0 event; `findings` is {attribute: [reasons]}."""

    what = "not a valid CloudEvent"


class InvalidEventData(Findings):
    """The event is valid but its data is not what its type promises; `findings` is {field: [reasons]}."""

    what = "not valid event data"


class PublishFailed(RuntimeError):
    """The sink did not take the event.

    `retryable` is whether the same event may be taken later (no answer, timeout, 404, 408, 409, 429, 5xx, as
    Knative decides); `status` is the sink's, None when there was no answer.
    """

    def __init__(self, reason: str, *, retryable: bool, status: int | None = None) -> None:
        super().__init__(reason)
        self.retryable = retryable
        self.status = status


class NoAnswer(ConnectionError):
    """The receiver could not be reached, or the connection ended before a whole response of a size we read."""


class NoAnswerInTime(NoAnswer):
    """The receiver did not answer within the time it had."""
