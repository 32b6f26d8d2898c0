"""Errors of the brokers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class NotDurable(RuntimeError):
    """The event could not be made durable; the ingress answers 500 and the sender may send again."""


class AlreadyRunning(RuntimeError):
    """Another process owns the journal of this database; two brokers on it would deliver everything twice."""


class InvalidTriggers(ValueError):
    """The trigger file can't be used; `findings` is {trigger or schedule: [reasons]}."""

    def __init__(self, findings: Mapping[str, Sequence[str]]) -> None:
        self.findings = {where: list(reasons) for where, reasons in findings.items()}
        super().__init__("; ".join(f"{where}: {', '.join(reasons)}" for where, reasons in findings.items()))
