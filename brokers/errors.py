"""Errors of the brokers."""

from __future__ import annotations

from eventing.errors import Findings


class NotDurable(RuntimeError):
    """The event could not be made durable; the ingress answers 500 and the sender may send again."""


class AlreadyRunning(RuntimeError):
    """Another process owns the journal of this database; two brokers on it would deliver everything twice."""


class InvalidTriggers(Findings):
    """The trigger file can't be used; `findings` is {trigger or schedule: [reasons]}."""

    what = "the triggers can't be used"
