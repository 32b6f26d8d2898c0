"""Declare a function once; its Trigger, Service, route, documents and local wiring come from here.

```python
@event_function(on=ScanRequested, emits=Classified, timeout=60, in_flight=400, retry=5, ledger=Jobs)
async def vision(event: ScanRequested, models: Models) -> Classified: ...

new = vision.new
```
A declared function is at once what functions-framework serves (`--target vision`, its async http signature),
what `func`'s Python scaffold looks for (`new()` with `handle(scope, receive, send)`) and, by `.handler`, the
plain async function.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from functions.runtime.ledger import Inbox, Ledger

if TYPE_CHECKING:
    from eventing.catalogue import EventData
    from functions.runtime.asgi import App

Handler = Callable[..., Awaitable[Any]]


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
        """From `METHOD /path/{parameter}`. Raises ValueError."""
        matched = re.fullmatch(r"([A-Z]+) (/\S*)", text)
        if not matched:
            raise ValueError(f"a route reads like 'GET /api/v1/things/{{id}}', not {text!r}")
        return cls(matched[1], matched[2])

    @property
    def everything(self) -> bool:
        """Whether it takes whatever comes."""
        return (self.method, self.path) == ("ANY", "/*")

    def takes(self, method: str) -> bool:
        """Whether it serves `method`; what serves GET serves HEAD."""
        return self.everything or self.method == method or (self.method, method) == ("GET", "HEAD")

    def match(self, path: str) -> dict[str, str] | None:
        """The path parameters, or None when the path is another one."""
        if self.everything:
            return {}
        mine, theirs = self.path.split("/"), path.split("/")
        if len(mine) != len(theirs):
            return None
        found: dict[str, str] = {}
        for expected, given in zip(mine, theirs, strict=True):
            if expected.startswith("{"):
                found[expected[1:-1]] = given
            elif expected != given:
                return None
        return found


@dataclass(frozen=True, slots=True)
class Function:
    """What every function has in common."""

    name: str
    domain: str
    folder: Path
    handler: Handler
    timeout_s: float
    min_scale: int = 0


@dataclass(frozen=True, slots=True)
class EventFunction(Function):
    """A function triggered by events of one type."""

    on: type[EventData] | None = field(kw_only=True)
    emits: type[EventData] | None = None
    stage: str | None = None
    ledger: type[Ledger] | None = Inbox
    in_flight: int = 100
    retry: int = 6
    backoff_delay_s: float = 0.2
    backoff_policy: Literal["exponential", "linear"] = "exponential"

    @property
    def source(self) -> str:
        """CloudEvents source of what this function emits."""
        return f"/eco2/{self.domain}/{self.folder.name}"


@dataclass(frozen=True, slots=True)
class HttpFunction(Function):
    """A function called by HTTP at one or more routes."""

    routes: tuple[Route, ...] = field(kw_only=True)
    status: int = 200
    public: bool = False
    max_body: int = 65_536
    rate_limit: str | None = None


@dataclass(frozen=True, slots=True)
class BackgroundFunction(Function):
    """A loop that must always listen, such as the relay's router; runs until it is cancelled."""


class Declared(Protocol):
    """The decorated name in a func.py."""

    declaration: Function
    handler: Handler
    new: Callable[[], App]

    async def __call__(self, request: Any) -> Any: ...


def event_function(
    *,
    on: type[EventData] | None,
    emits: type[EventData] | None = None,
    timeout: float = 30,
    in_flight: int = 100,
    retry: int = 6,
    stage: str | None = None,
    ledger: type[Ledger] | None = Inbox,
) -> Callable[[Handler], Declared]:
    """Declare a handler of events of type `on`, whose reply is an event of type `emits` (or nothing).

    on: None for a sink that takes whatever is sent to it; such a function has no Trigger.
    timeout: seconds for one attempt; `in_flight` above 100 becomes several Triggers over `shard`; `retry`:
    attempts after the first (six take 25 s, which outlasts a restart of anything on the way); `ledger`: what makes
    it idempotent – the inbox by (source, id) unless the domain keeps its own, None when the handler is idempotent
    by itself.
    """
    return lambda handler: _declare(
        EventFunction(
            **_common(handler, timeout),
            on=on,
            emits=emits,
            stage=stage,
            ledger=ledger,
            in_flight=in_flight,
            retry=retry,
        )
    )


def http_function(
    *routes: str,
    status: int = 200,
    public: bool = False,
    timeout: float = 10,
    max_body: int = 65_536,
    rate_limit: str | None = None,
    min_scale: int = 0,
) -> Callable[[Handler], Declared]:
    """Declare a handler of HTTP requests at `routes`; `status` is the one of its success.

    public: no login needed. rate_limit: `"30/60"` = 30 requests per 60 s and caller.
    """
    return lambda handler: _declare(
        HttpFunction(
            **{**_common(handler, timeout), "min_scale": min_scale},
            routes=tuple(map(Route.parse, routes)),
            status=status,
            public=public,
            max_body=max_body,
            rate_limit=rate_limit,
        )
    )


def background_function(handler: Handler) -> Declared:
    """Declare a loop that must always run (min-scale 1); it is cancelled on stop and restarted on error."""
    return _declare(BackgroundFunction(**{**_common(handler, 0), "min_scale": 1}))


def _common(handler: Handler, timeout: float) -> dict[str, Any]:
    folder = _folder(handler)
    domain = folder.parent.name
    name = f"{domain}-{folder.name}".replace("_", "-")
    return {"name": name, "domain": domain, "folder": folder, "handler": handler, "timeout_s": timeout}


def _folder(handler: Handler) -> Path:
    """`…/<domain>/<name>`: it names the function, also when functions-framework loads func.py as another module."""
    folder = Path(handler.__code__.co_filename).resolve().parent
    if folder.name != "function":
        return folder
    # func's build installs a folder as the package `function`, with the func.yaml that says which one it was.
    named = re.search(r"^name: ([a-z]+)-(\S+)$", (folder / "func.yaml").read_text(), re.M)
    if named is None:
        raise ValueError(f"{folder}/func.yaml does not name a function <domain>-<name>")
    return folder / named[1] / named[2].replace("-", "_")


def _declare(function: Function) -> Declared:
    def new() -> App:
        from functions.runtime.asgi import App

        return App.shared(function)

    async def endpoint(_request: Any) -> Any:
        return new().handle  # an ASGI application is a valid Starlette response

    handler = function.handler
    endpoint.__name__, endpoint.__doc__, endpoint.__module__ = (
        handler.__name__,
        handler.__doc__,
        handler.__module__,
    )
    vars(endpoint).update(declaration=function, handler=handler, new=new)
    if "functions_framework" in sys.modules:  # only under its CLI: importing it costs a cold start 0.2 s
        from functions_framework import _function_registry as registry

        registry.REGISTRY_MAP[endpoint.__name__] = registry.HTTP_SIGNATURE_TYPE
        registry.ASGI_FUNCTIONS.add(endpoint.__name__)
    return cast("Declared", endpoint)
