"""One HTTP request to a function: find the route, bind the arguments, answer with JSON, a stream or a problem."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator
from functools import cache
from typing import Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from functions.runtime.binding import http_arguments, identity
from functions.runtime.declaration import HttpFunction
from functions.runtime.errors import FunctionError, NotFound, Unavailable
from functions.runtime.problems import problem
from functions.runtime.resources import Resources
from process import logs, tracing

log = logging.getLogger(__name__)
JSON = "application/json; charset=utf-8"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))  # names of spans are few


class _MethodNotAllowed(FunctionError):
    status = 405


class _Internal(FunctionError):
    status = 500


async def respond(function: HttpFunction, request: Request, resources: Resources) -> Response:
    """The function's answer; whatever goes wrong is a problem document without our insides."""
    headers = request.headers
    with (
        tracing.span(function.name, parent=headers, kind=tracing.SpanKind.SERVER) as span,
        logs.about(
            request_id=headers.get("x-request-id"), user_id=headers.get("x-user-id"), function=function.name
        ),
    ):
        response = await _call(function, request, resources)
        if span.is_recording():
            _describe(span, function, request, response.status_code)
        return response


def _describe(span: tracing.Span, function: HttpFunction, request: Request, status: int) -> None:
    """By OpenTelemetry's conventions for HTTP servers; a path or query may hold what a user wrote, a route does not."""
    method = request.method if request.method in _METHODS else "_OTHER"
    route = request.scope.get("route_template", "")
    span.update_name(f"{method} {route or function.name}")
    span.set_attributes(
        {"faas.name": function.name, "http.request.method": method, "http.response.status_code": status}
    )
    if route:
        span.set_attribute("http.route", route)
    if status >= 500:
        tracing.failed(span, str(status))


async def _call(function: HttpFunction, request: Request, resources: Resources) -> Response:
    try:
        request.scope["path_params"] = _path_parameters(function, request)
        if function.operators and not identity(request, resources).operator:
            raise NotFound("ROUTE_NOT_FOUND", "There is no such path.")
        async with asyncio.timeout(function.timeout_s):
            arguments = await http_arguments(function.handler, request, resources)
            result = await function.handler(**arguments)
        return _response(function, result)
    except FunctionError as raised:
        error = raised
    except TimeoutError:
        error = Unavailable("This took too long; try again.", code="TIMEOUT")
    except Exception:
        log.exception("unexpected error")
        error = _Internal("INTERNAL", "Something went wrong on our side; the request id helps us to find it.")
    log.log(logging.WARNING if error.status >= 500 else logging.INFO, "%s %s", error.code, error.status)
    return problem(error, request)


def _path_parameters(function: HttpFunction, request: Request) -> dict[str, str]:
    path: str = request.scope["path"]
    allowed: set[str] = set()
    for route in function.routes:
        if route.everything:
            return {}
        if matched := _pattern(route.path).fullmatch(path):
            if request.method in route.methods:
                request.scope["route_template"] = route.path
                return matched.groupdict()
            allowed |= route.methods
    if allowed:
        named = ", ".join(sorted(allowed))
        raise _MethodNotAllowed("METHOD_NOT_ALLOWED", f"This path takes {named}.", headers={"allow": named})
    raise NotFound("ROUTE_NOT_FOUND", "There is no such path.")


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """As Starlette's routes match it; its router knows no problem documents, and answers 405 for one route alone."""
    return compile_path(template)[0]


def _response(function: HttpFunction, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status_code=204)
    if function.streams:
        return _stream(result)
    return Response(to_json(result), function.status, media_type=JSON)


def _stream(events: AsyncGenerator[Any]) -> Response:
    from sse_starlette import EventSourceResponse

    # No pings of its own: a stream's events have a keepalive of theirs, which clients can hear.
    return EventSourceResponse(events, headers={"cache-control": "no-cache"}, ping=0, sep="\n")
