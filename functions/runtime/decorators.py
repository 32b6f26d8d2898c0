"""Decorators that declare a function from its handler.

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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from functions.runtime.declaration import (
    BackgroundFunction,
    EventFunction,
    Function,
    Handler,
    HttpFunction,
    Route,
    Sent,
)
from functions.runtime.ledger import Inbox, Ledger
from process import tracing

if TYPE_CHECKING:
    from eventing.catalogue import EventData
    from functions.runtime.application import Application


class Declared(Protocol):
    """A handler once it is declared: the decorated name in a func.py."""

    declaration: Function
    handler: Handler
    new: Callable[[], Application]

    async def __call__(self, request: Any) -> Any: ...


def event_function(
    *,
    on: type[EventData] | None,
    emits: type[EventData] | None = None,
    wakes_on: type[EventData] | None = None,
    timeout: float = 30,
    in_flight: int = 100,
    retry: int = 6,
    stage: str | None = None,
    ledger: type[Ledger] | None = Inbox,
) -> Callable[[Handler], Declared]:
    """Declare a handler of events of type `on`, whose reply is an event of type `emits` (or nothing).

    on: None for a sink that takes whatever is sent to it; such a function has no Trigger.
    wakes_on: an event that says that `on` will come: pods which scaled to zero start while what comes before works.
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
            wakes_on=wakes_on,
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
    streams: bool = False,
    operators: bool = False,
    answers: Mapping[int, Any] | None = None,
    problems: Sequence[str] = (),
    sent: Sequence[Sent] = (),
) -> Callable[[Handler], Declared]:
    """Declare a handler of HTTP requests at `routes`; `status` is the one of its success.

    public: no login needed. rate_limit: `"30/60"` = 30 requests per 60 s and caller. streams: the handler returns an
    iterator of server-sent events (or None: 204, there is nothing more to come). operators: only those whom
    ECO2_OPERATORS names may call it, in local development everybody. answers, problems, sent: for the documents, what
    the handler's types don't tell.
    """
    return lambda handler: _declare(
        HttpFunction(
            **{**_common(handler, timeout), "min_scale": min_scale},
            routes=tuple(map(Route.parse, routes)),
            status=status,
            public=public,
            max_body=max_body,
            rate_limit=rate_limit,
            streams=streams,
            operators=operators,
            answers=answers or {},
            problems=tuple(problems),
            sent=tuple(sent),
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
    """The handler's folder `…/<domain>/<name>`, which names the function, whatever module func.py is loaded as."""
    folder = Path(handler.__code__.co_filename).resolve().parent
    if folder.name != "function":
        return folder
    # func's build installs a folder as the package `function`, with the func.yaml that says which one it was.
    named = re.search(r"^name: ([a-z]+)-(\S+)$", (folder / "func.yaml").read_text(), re.M)
    if named is None:
        raise ValueError(f"{folder}/func.yaml does not name a function <domain>-<name>")
    return folder / named[1] / named[2].replace("-", "_")


def _declare(function: Function) -> Declared:
    def new() -> Application:
        from functions.runtime.host import shared

        tracing.configure(function.name)
        return shared().application(function)

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
