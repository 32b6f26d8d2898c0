"""One HTTP request to a function: find the route, bind the arguments, answer with JSON or a problem."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from eventing import trace
from functions.runtime import telemetry
from functions.runtime.binding import http_arguments
from functions.runtime.declaration import HttpFunction
from functions.runtime.errors import FunctionError, NotFound, Unavailable
from functions.runtime.problems import problem
from functions.runtime.reply import EventStream, Reply
from functions.runtime.request import Request
from functions.runtime.resources import Resources

log = logging.getLogger(__name__)


class _MethodNotAllowed(FunctionError):
    status = 405


class _Internal(FunctionError):
    status = 500


async def respond(function: HttpFunction, request: Request, resources: Resources) -> Reply | EventStream:
    """The function's answer; whatever goes wrong is a problem document without our insides."""
    parent = trace.parse(request.headers.get("traceparent", ""), request.headers.get("tracestate"))
    token = trace.current.set(parent.child() if parent else trace.new())
    user = request.headers.get("x-user-id")
    try:
        with telemetry.about(request_id=request.request_id, user_id=user, function_name=function.name):
            return await _call(function, request, resources)
    finally:
        trace.current.reset(token)


async def _call(function: HttpFunction, request: Request, resources: Resources) -> Reply | EventStream:
    try:
        path = _route(function, request)
        async with asyncio.timeout(function.timeout_s):
            arguments = await http_arguments(function.handler, request, path, resources)
            result = await function.handler(**arguments)
        return _reply(function, result)
    except FunctionError as raised:
        error = raised
    except TimeoutError:
        error = Unavailable("This took too long; try again.", code="TIMEOUT")
    except Exception:
        log.exception("unexpected error")
        error = _Internal("INTERNAL", "Something went wrong on our side; the request id helps us to find it.")
    log.log(logging.WARNING if error.status >= 500 else logging.INFO, "%s %s", error.code, error.status)
    return problem(error, instance=request.path, request_id=request.request_id)


def _route(function: HttpFunction, request: Request) -> dict[str, str]:
    allowed = []
    for route in function.routes:
        found = route.match(request.path)
        if found is not None:
            if route.takes(request.method):
                return found
            allowed.append(route.method)
    if allowed:
        raise _MethodNotAllowed(
            "METHOD_NOT_ALLOWED",
            f"This path takes {', '.join(allowed)}.",
            headers={"allow": ", ".join(allowed)},
        )
    raise NotFound("ROUTE_NOT_FOUND", "There is no such path.")


def _reply(function: HttpFunction, result: Any) -> Reply | EventStream:
    if isinstance(result, Reply | EventStream):
        return result
    if result is None:
        return Reply(204)
    return Reply.json(result, function.status)
