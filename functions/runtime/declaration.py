"""A function's declaration as data: what triggers it, what it answers with, its limits.

Trigger, Service, route, documents and local wiring all come from here; `decorators` make it from a handler.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from functions.runtime.resources import Service

if TYPE_CHECKING:
    from eventing.catalogue import EventData

Handler = Callable[..., Awaitable[Any]]
WAKE = "/wake"
"""The path at which a function takes what only wakes it."""


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP method and path template, e.g. `GET /api/v1/scan/{job_id}/result`.

    `ANY /*` takes every method and path: for a function that is asked about requests instead of serving them
    (Envoy's ext_authz check keeps the original method and path), so the edge never routes to it.
    """

    method: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Route:
        """A route from `METHOD /path/{parameter}`. Raises ValueError."""
        matched = re.fullmatch(r"([A-Z]+) (/\S*)", text)
        if not matched:
            raise ValueError(f"a route reads like 'GET /api/v1/things/{{id}}', not {text!r}")
        return cls(matched[1], matched[2])

    @property
    def everything(self) -> bool:
        """Whether the route takes every method and path."""
        return (self.method, self.path) == ("ANY", "/*")

    @property
    def methods(self) -> set[str]:
        """The methods that the route takes: what answers GET answers HEAD."""
        return {"GET", "HEAD"} if self.method == "GET" else {self.method}


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client may send beside a handler's parameters: a header, a query parameter or a cookie."""

    name: str
    where: Literal["query", "header", "cookie"]
    means: str


LAST_EVENT_ID = Sent(
    "Last-Event-ID", "header", "The `id` of the last event that was received; what came later follows."
)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of any kind: its name, handler and limits."""

    name: str
    domain: str
    folder: Path
    handler: Handler
    timeout_s: float
    min_scale: int = 0


@dataclass(frozen=True, slots=True)
class EventFunction(Function):
    """A function triggered by events of one type; one of type `wakes_on` starts a pod of it and does nothing else."""

    on: type[EventData] | None = field(kw_only=True)
    emits: type[EventData] | None = None
    wakes_on: type[EventData] | None = None
    stage: str | None = None
    ledger: type[Service] | None = None
    in_flight: int = 100
    retry: int = 6
    backoff_delay_s: float = 0.2
    backoff_policy: Literal["exponential", "linear"] = "exponential"

    @property
    def source(self) -> str:
        """The CloudEvents source of what this function emits."""
        return f"/eco2/{self.domain}/{self.folder.name}"


@dataclass(frozen=True, slots=True)
class HttpFunction(Function):
    """A function called by HTTP at one or more routes; `streams`: its answer is a stream of server-sent events.

    `operators`: for those who run the platform alone; for others there is no such path.
    What its types don't tell of the documents: `answers`, status → model (None: no body, a string: another media type);
    `problems`, the codes of errors that a caller may see; `sent`, what it reads of the request itself.
    """

    routes: tuple[Route, ...] = field(kw_only=True)
    status: int = 200
    public: bool = False
    max_body: int = 65_536
    rate_limit: str | None = None
    streams: bool = False
    operators: bool = False
    answers: Mapping[int, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    sent: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class BackgroundFunction(Function):
    """A loop that must always listen, such as the relay's router; runs until it is cancelled."""
