"""Triggers (which events go where) and schedules (which events come on a timer) as data.

The file is JSON: `{"triggers": [{…}], "schedules": [{…}]}` with the fields of the two classes below; a bare
list is taken as triggers. In a cluster Trigger and PingSource objects say the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from brokers.errors import InvalidTriggers
from brokers.settings import BrokerSettings
from process.settings import read

BackoffPolicy = Literal["exponential", "linear"]
_Named = TypeVar("_Named", "Trigger", "Schedule")


@dataclass(frozen=True, slots=True)
class Trigger:
    """A subscription with Knative's delivery semantics.

    An event is delivered when every attribute of `filter` has exactly the value given (case-sensitive, "" is
    no wildcard). Attempts = `retry` + 1; before the n-th retry it waits `backoff_delay_s`·2ⁿ or ·n.
    `in_flight` bounds the events whose delivery is not settled, those waiting for a retry included. `headers`
    are added to the subscriber's request, `dead_letter_headers` to the sink's; a Host among them tells apart
    functions behind one address. Raises InvalidTriggers.
    """

    name: str
    filter: Mapping[str, str]
    subscriber: str
    retry: int
    backoff_delay_s: float
    backoff_policy: BackoffPolicy
    timeout_s: float
    dead_letter_sink: str | None
    in_flight: int = 100
    headers: Mapping[str, str] = field(default_factory=dict)
    dead_letter_headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks = (
            (bool(self.name) and len(self.name) <= 120, "name must have 1 to 120 characters"),
            (self.subscriber.startswith(("http://", "https://")), "subscriber must be an http(s) URL"),
            (
                self.dead_letter_sink is None or self.dead_letter_sink.startswith(("http://", "https://")),
                "dead_letter_sink must be an http(s) URL or null",
            ),
            (0 <= self.retry <= 100, "retry must be 0 to 100"),
            (self.backoff_delay_s >= 0, "backoff_delay_s must not be negative"),
            (self.backoff_policy in get_args(BackoffPolicy), "backoff_policy is exponential or linear"),
            (self.timeout_s > 0, "timeout_s must be positive"),
            (1 <= self.in_flight <= 10_000, "in_flight must be 1 to 10000"),
            (
                all(isinstance(value, str) for value in self.filter.values()),
                "filter values must be strings",
            ),
        )
        if reasons := [reason for holds, reason in checks if not holds]:
            raise InvalidTriggers({f"trigger {self.name!r}": reasons})

    def wants(self, attributes: Mapping[str, str]) -> bool:
        """Whether an event with these context attributes passes the filter."""
        return all(attributes.get(name) == value for name, value in self.filter.items())

    def backoff_s(self, failures: int) -> float:
        """The seconds to wait after the n-th failed attempt, n from 1, without jitter."""
        factor = failures if self.backoff_policy == "linear" else 2.0**failures
        return self.backoff_delay_s * factor


@dataclass(frozen=True, slots=True)
class Schedule:
    """An event of `type` from `source` with JSON `data` every `every_s` seconds, first after that time."""

    name: str
    type: str
    source: str
    every_s: float
    data: Any = None

    def __post_init__(self) -> None:
        if not self.every_s > 0:
            raise InvalidTriggers({f"schedule {self.name!r}": ["every_s must be positive"]})


@dataclass(frozen=True, slots=True)
class Wiring:
    """The triggers and schedules of one broker process."""

    triggers: tuple[Trigger, ...] = ()
    schedules: tuple[Schedule, ...] = ()


def load(path: str | Path | None = None) -> Wiring:
    """Read the trigger file at `path`, else at $ECO2_TRIGGERS. Raises InvalidTriggers with every finding."""
    where = path or read(BrokerSettings, os.environ).triggers
    if not where:
        raise InvalidTriggers({"file": ["is missing: give --triggers FILE or set ECO2_TRIGGERS"]})
    try:
        document = json.loads(Path(where).read_text())
    except (OSError, ValueError) as error:
        raise InvalidTriggers({str(where): [str(error)]}) from error
    return parse(document)


def parse(document: Any) -> Wiring:
    """A wiring from decoded JSON. Raises InvalidTriggers with every finding."""
    if isinstance(document, list):
        document = {"triggers": document}
    if not isinstance(document, dict) or not document.keys() <= {"triggers", "schedules"}:
        raise InvalidTriggers({"document": ["must be a list of triggers or {triggers, schedules}"]})
    findings: dict[str, list[str]] = {}
    triggers = _built(Trigger, document.get("triggers", []), findings)
    schedules = _built(Schedule, document.get("schedules", []), findings)
    if findings:
        raise InvalidTriggers(findings)
    return Wiring(tuple(triggers), tuple(schedules))


def _built(kind: type[_Named], items: Any, findings: dict[str, list[str]]) -> list[_Named]:
    built: list[_Named] = []
    names: set[str] = set()
    known = {item.name for item in fields(kind)}
    required = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    for number, item in enumerate(items if isinstance(items, list) else [items]):
        where = f"{kind.__name__.lower()} {number}"
        if not isinstance(item, dict):
            findings[where] = ["must be an object"]
            continue
        where = f"{kind.__name__.lower()} {item.get('name', number)!r}"
        reasons = [f"{name} is missing" for name in sorted(required - item.keys())]
        reasons += [f"{name} is no field" for name in sorted(item.keys() - known)]
        if item.get("name") in names:
            reasons.append("is there twice")
        if reasons:
            findings[where] = reasons
            continue
        names.add(item["name"])
        try:
            built.append(kind(**item))
        except InvalidTriggers as invalid:
            findings.update(invalid.findings)
        except (TypeError, AttributeError) as error:
            findings[where] = [str(error)]
    return built
