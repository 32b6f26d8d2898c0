"""Binding of a handler's parameters: parsed body, path and query parameters, user, services."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request

from eventing import booleans, strictjson
from functions.runtime.errors import Invalid, NotFound, Unauthorized, Unprocessable, UnsupportedType
from functions.runtime.request import IdempotencyKey, User
from functions.runtime.resources import Resources, Service
from functions.runtime.settings import RuntimeSettings
from functions.runtime.text import composed, identifier, refused
from process.settings import ProcessSettings

_UNREADABLE = "\ufffd"
"""What stands in addresses for bytes that are no UTF-8, such as halves of surrogates."""
_MISSING = inspect.Parameter.empty
_FINITE = ConfigDict(allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a handler."""

    name: str
    type: Any
    default: Any

    def is_service(self) -> bool:
        """Whether the parameter is a domain's service."""
        return isinstance(self.type, type) and issubclass(self.type, Service)

    @property
    def optional(self) -> bool:
        """Whether the parameter may be left out."""
        return self.default is not _MISSING


@cache
def parameters(handler: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The handler's parameters with resolved types."""
    hints = get_type_hints(handler, include_extras=True)
    signature = inspect.signature(handler).parameters.values()
    return tuple(Parameter(p.name, hints.get(p.name, str), p.default) for p in signature)


def services(handler: Callable[..., Any]) -> list[type[Any]]:
    """The services a handler asks for."""
    return [p.type for p in parameters(handler) if p.is_service()]


async def http_arguments(
    handler: Callable[..., Any], request: Request, resources: Resources
) -> dict[str, Any]:
    """Arguments for an HTTP handler.

    A pydantic model is the JSON body, `User` the caller, `Request` the request itself, a `Service` what it is; names in
    the route are path parameters (of `request`) and the rest query parameters, of which the last of a name wins. All
    text is in NFC, and none holds what can't be stored; a handler that takes the request itself looks for itself.

    Raises Invalid, NotFound (malformed path parameter), Unauthorized or Unprocessable.
    """
    path = {name: composed(text, "path", name) for name, text in request.path_params.items()}
    query: Mapping[str, str] = request.query_params if request.scope["query_string"] else {}
    arguments: dict[str, Any] = {}
    for parameter in parameters(handler):
        kind = parameter.type
        if parameter.is_service():
            arguments[parameter.name] = await resources.get(kind)
        elif kind is User:
            arguments[parameter.name] = identity(request, resources)
        elif kind is Request:
            arguments[parameter.name] = request
        elif kind is Resources:
            arguments[parameter.name] = resources
        elif kind is IdempotencyKey:
            arguments[parameter.name] = idempotency_key(request)
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            arguments[parameter.name] = _body(kind, request, await request.body())
        elif parameter.name in path:
            arguments[parameter.name] = _path(parameter, path[parameter.name])
        else:
            arguments[parameter.name] = _query(parameter, query)
    return arguments


def identity(request: Request, resources: Resources) -> User:
    """The caller, from the headers that only the edge can set. Raises Unauthorized."""
    user = request.headers.get("x-user-id", "")
    if not user:
        raise Unauthorized(
            "LOGIN_REQUIRED",
            "Sign in first; this needs a valid access token. Cookies belong to a host, so localhost is not 127.0.0.1.",
        )
    expires = request.headers.get("x-auth-expires-at", "")
    return User(
        id=user,
        provider=request.headers.get("x-auth-provider", ""),
        expires_at=float(expires) if expires else None,
        session=request.headers.get("x-auth-session", ""),
        operator=user in resources.settings(RuntimeSettings).operators
        or resources.settings(ProcessSettings).env == "local",
    )


def idempotency_key(request: Request) -> IdempotencyKey:
    """The caller's idempotency key, at most 255 visible ASCII characters. Raises Invalid."""
    value = request.headers.get("idempotency-key") or request.headers.get("x-idempotency-key")
    if value is not None and not (len(value) <= 255 and value.isascii() and value.isprintable()):
        raise Invalid(
            "IDEMPOTENCY_KEY_INVALID", "The idempotency key must be 1 to 255 visible ASCII characters."
        )
    return IdempotencyKey(value or None)


def _body(model: type[BaseModel], request: Request, body: bytes) -> BaseModel:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # A page can send a body of another type, or of none, to a sibling site without asking, and cookies go along.
    untyped = not kind and "authorization" in request.headers
    if body and not untyped and kind != "application/json" and not kind.endswith("+json"):
        named = f", not {kind[:80]}" if kind else ""
        raise UnsupportedType("CONTENT_TYPE_INVALID", f"Send the body as application/json{named}.")
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if body and coding != "identity":
        raise UnsupportedType("CONTENT_ENCODING_INVALID", "Send the body as it is, without Content-Encoding.")
    try:
        value = strictjson.loads(body or b"{}")
    except strictjson.Unstorable as error:
        raise refused(str(error), "body") from None
    except strictjson.NotStrictJson as error:
        raise Invalid("JSON_INVALID", f"The body is not valid JSON: it {error}.") from None
    told = composed(value, "body")
    try:
        made = model.model_validate_json(strictjson.dumps(told))
    except ValidationError as error:
        raise _invalid(error, "body") from None
    if wrong := booleans.taken_for_numbers(told, made):
        raise _unprocessable([_finding(where, booleans.REASON, "number_type", "body") for where in wrong])
    return made


def _path(parameter: Parameter, text: str) -> Any:
    try:
        # An id has one form; Python reads others, too.
        found = identifier(text) if parameter.type is UUID else _adapter(parameter.type).validate_python(text)
    except ValidationError:
        found = None
    if found is None or _UNREADABLE in text:  # what can't exist is an unknown resource, whatever its form
        raise NotFound("NOT_FOUND", f"There is nothing with this {parameter.name}.")
    return found


def _query(parameter: Parameter, query: Mapping[str, str]) -> Any:
    if parameter.name not in query:
        if parameter.default is _MISSING:
            raise Unprocessable("PARAMETER_MISSING", f"The query parameter {parameter.name!r} is needed.")
        return parameter.default
    text = composed(query[parameter.name], "query", parameter.name)
    if _UNREADABLE in text:
        raise refused("must be UTF-8", "query", parameter.name)
    try:
        value = _adapter(parameter.type).validate_python(text)
    except ValidationError as error:
        raise _invalid(error, "query", parameter.name) from None
    if "_" in text and isinstance(value, int | float):  # which Python's own numbers may have
        raise refused("must be a number", "query", parameter.name)
    return value


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind, config=_FINITE)


def _invalid(error: ValidationError, *where: str) -> Unprocessable:
    """The client's error for a validation error: what, where, and nothing of our insides."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return _unprocessable([_finding(each["loc"], each["msg"], each["type"], *where) for each in found])


def _finding(place: Iterable[int | str], reason: str, kind: str, *where: str) -> dict[str, Any]:
    return {"loc": [*where, *map(str, place)], "msg": reason, "type": kind}


def _unprocessable(findings: list[dict[str, Any]]) -> Unprocessable:
    told = "; ".join(f"{'.'.join(f['loc'][1:]) or f['loc'][0]}: {f['msg']}" for f in findings[:5])
    return Unprocessable("VALIDATION_FAILED", told, errors=findings)
