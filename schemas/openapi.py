"""The OpenAPI 3.1 document: every route that the edge knows, from the functions' declarations and types."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from functions.runtime.binding import Parameter, parameters
from functions.runtime.declaration import Function, HttpFunction, Route, Sent
from functions.runtime.request import IdempotencyKey, User
from functions.runtime.resources import Resources
from schemas.problems import ProblemKind, problem_kind
from schemas.streams import STREAMS

VERSION = "0.1.0"
PROBLEM_TYPE = "application/problem+json"
PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what a person can do about it"},
        "instance": {"type": "string", "description": "the path that was called"},
        "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$", "description": "what a program goes by"},
        "request_id": {"type": "string", "description": "names this request in our logs"},
        "errors": {
            "type": "array",
            "description": "of a validation: what is wrong, and where",
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "loc": {"type": "array", "items": {"type": "string"}},
                    "msg": {"type": "string"},
                    "type": {"type": "string"},
                },
            },
        },
    },
}
HEADERS = {
    "RequestId": {"description": "Names this request in our logs.", "schema": {"type": "string"}},
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "RateLimit": {"description": "What is left, and until when.", "schema": {"type": "string"}},
}
TAGS = {
    "auth": "Sign in, stay signed in, log out.",
    "users": "The caller's account and collection.",
    "scan": "A photo: what it is and how to throw it away.",
    "chat": "Questions about waste, answered piece by piece.",
    "images": "Pictures: uploaded by a presigned PUT, shown as copies without metadata.",
    "character": "The characters there are to collect.",
    "locations": "Places that take things, and shops that save waste.",
    "info": "News of environment, energy and AI.",
    "stream": "The older address of a scan's progress.",
    "console": "What the page at / reads.",
    "ops": "For those who run the platform: events that could not be delivered.",
    "documents": "This document, and that of the events.",
}
MEANS = {
    "limit": "How many rows a page has at most.",
    "cursor": "`next_cursor` of the page before, unchanged; absent: the first page. Every row comes exactly once.",
    "job_id": "The id that the request was accepted with.",
    "chat_id": "The id of a conversation of the caller's.",
    "lat": "Degrees north.",
    "lon": "Degrees east.",
    "radius": "Metres around the position.",
    "zoom": "Level of the map, 1 near to 14 far.",
    "q": "What to search for.",
    "store_category": "Kinds of places, separated by commas, or `all`.",
    "pickup_category": "Kinds of waste, separated by commas, or `all`.",
    "last_token_seq": "The last `seq` that was received; what came later follows.",
}
_NOT_SENT = (User, Request, Resources)
_ID = {"type": "string", "maxLength": 255, "pattern": "^[ -~]*$"}


def openapi(functions: Iterable[Function]) -> dict[str, Any]:
    """The document."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    shared = SharedAnswers()
    for function in functions:
        if isinstance(function, HttpFunction):
            for route in function.routes:
                if not route.everything and route.path.startswith("/api/"):
                    operation = _operation(function, route, schemas, shared)
                    paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Eco²",
            "version": VERSION,
            "summary": "How to throw away what is in a photo, in Korea.",
            "description": "Errors are problem details (RFC 9457) with a `code`; every answer names its request in "
            "`X-Request-Id`. Collections are paged by `cursor`. Answers that take a while come by server-sent events.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "where this document came from"}],
        "tags": [{"name": name, "description": means} for name, means in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": dict(sorted(shared.answers.items())),
            "headers": HEADERS,
            "securitySchemes": {
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "s_access",
                    "description": "set by signing in; its refresh token is the cookie `s_refresh`",
                },
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _operation(
    function: HttpFunction, route: Route, schemas: dict[str, Any], shared: SharedAnswers
) -> dict[str, Any]:
    number = function.routes.index(route)
    module = (sys.modules[function.handler.__module__].__doc__ or "").strip()
    operation: dict[str, Any] = {
        "operationId": function.name + (f"-{number + 1}" if number else ""),
        "tags": [_tag(route.path)],
        "summary": re.split(r"(?<=[\w)])\.(?:\s|$)", module, maxsplit=1)[0],
        "description": re.sub(r"\s*Raises .*", "", _plain(function.handler.__doc__ or ""), flags=re.S),
        "security": [] if function.public else [{"cookie": []}, {"bearer": []}],
        "parameters": [],
    }
    if _tag(route.path) == "stream":
        operation["deprecated"] = True
    for parameter in parameters(function.handler):
        kind = parameter.type
        if parameter.is_service() or kind in _NOT_SENT:
            continue
        if kind is IdempotencyKey:
            means = "Sent again with the same body, the first answer comes again."
            for name in ("Idempotency-Key", "X-Idempotency-Key"):
                operation["parameters"].append(
                    {"name": name, "in": "header", "description": means, "schema": _ID}
                )
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            content = {"application/json": {"schema": reference(kind, schemas, "validation")}}
            needed = any(field.is_required() for field in kind.model_fields.values())
            operation["requestBody"] = {"required": needed, "content": content}
        else:
            operation["parameters"].append(_parameter(parameter, route.path))
    operation["parameters"] += [_sent(each) for each in function.sent]
    operation["responses"] = {
        **{str(status): answer for status, answer in _answers(function, schemas).items()},
        **_problems(function, route, operation, shared),
    }
    return operation


def _tag(path: str) -> str:
    first = path.removeprefix("/api/v1/").partition("/")[0]
    return "documents" if first not in TAGS else first


def _plain(doc: str) -> str:
    return re.sub(r"\s*\n\s*", " ", doc.strip())


def _parameter(parameter: Parameter, path: str) -> dict[str, Any]:
    in_path = parameter.name in re.findall(r"{(\w+)}", path)
    schema = TypeAdapter(parameter.type).json_schema()
    if "anyOf" in schema:  # a query can't hold null
        (schema,) = [each for each in schema["anyOf"] if each != {"type": "null"}]
    if parameter.optional and parameter.default is not None and not in_path:
        schema["default"] = parameter.default
    if in_path and schema.get("type") == "string" and "enum" not in schema:
        schema.setdefault("minLength", 1)
    means = MEANS.get(parameter.name)
    return {
        "name": parameter.name,
        "in": "path" if in_path else "query",
        "required": in_path or not parameter.optional,
        **({"description": means} if means else {}),
        "schema": schema,
    }


def _sent(sent: Sent) -> dict[str, Any]:
    schema = {"type": "string"}
    return {
        "name": sent.name,
        "in": sent.where,
        "required": False,
        "description": sent.means,
        "schema": schema,
    }


def reference(kind: Any, schemas: dict[str, Any], mode: Any = "serialization") -> dict[str, Any]:
    """A reference to the schema of a model, or a schema with such references."""
    schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}", mode=mode)
    schemas.update(schema.pop("$defs", {}))
    if isinstance(kind, type) and schema.get("type") == "object" and "title" in schema:
        schemas[kind.__name__] = schema
        return {"$ref": f"#/components/schemas/{kind.__name__}"}
    return schema


def _answers(function: HttpFunction, schemas: dict[str, Any]) -> dict[int, dict[str, Any]]:
    if function.streams:
        return {200: _streamed(function, schemas), 204: _answer(204, None, schemas)}
    if function.answers:
        return {status: _answer(status, kind, schemas) for status, kind in function.answers.items()}
    kind = get_type_hints(function.handler)["return"]
    if isinstance(kind, type) and issubclass(kind, Response):
        raise TypeError(f"{function.name} answers with a {kind.__name__}: declare its `answers`")
    empty = kind is type(None)
    return {204 if empty else function.status: _answer(function.status, None if empty else kind, schemas)}


def _answer(status: int, kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """An answer with a body of a type; None: without one, a string: of that media type."""
    answer: dict[str, Any] = {"description": _DONE.get(status, "done")}
    headers: dict[str, Any] = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if status in (302, 307):
        headers["Location"] = {"schema": {"type": "string"}, "description": "where the browser goes"}
    answer["headers"] = headers
    if isinstance(kind, str):
        answer["content"] = {kind: {}}
    elif kind is not None:
        answer["content"] = {"application/json": {"schema": reference(kind, schemas)}}
    return answer


_DONE = {
    200: "done",
    201: "made",
    202: "accepted, or not finished yet",
    204: "done; there is nothing to say",
    206: "a part of it",
    302: "signed in",
    304: "unchanged",
    307: "not signed in",
}


def _streamed(function: HttpFunction, schemas: dict[str, Any]) -> dict[str, Any]:
    """A stream of events: the schema is that of each, as OpenAPI 3.2 has it."""
    named: dict[type[BaseModel], list[str]] = {}
    for name, kind in STREAMS[function.domain].items():
        named.setdefault(kind, []).append(name)
    kinds = []
    for kind, names in named.items():
        content = {"type": "string", "contentMediaType": "application/json"}
        data = {**content, "contentSchema": reference(kind, schemas)}
        fields = {"event": {"enum": names}, "id": {"type": "string"}, "data": data}
        kinds.append({"type": "object", "required": ["event", "data"], "properties": fields})
    lines = [f"- {', '.join(names)}: `{kind.__name__}`" for kind, names in named.items()]
    return {
        **_answer(200, None, schemas),
        "description": "server-sent events, all of them named:\n" + "\n".join(lines),
        "content": {"text/event-stream": {"schema": {"oneOf": kinds}}},
    }


class SharedAnswers:
    """Problems that many operations answer with, each written once."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any]] = {}

    def named(self, status: int, answer: dict[str, Any]) -> dict[str, Any]:
        """A reference to this answer."""
        name = HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")
        names = [name, *(f"{name}{number}" for number in range(2, 100))]
        free = next(each for each in names if self.answers.setdefault(each, answer) == answer)
        return {"$ref": f"#/components/responses/{free}"}


def _problems(
    function: HttpFunction, route: Route, operation: Mapping[str, Any], shared: SharedAnswers
) -> dict[str, Any]:
    by_status: dict[int, list[ProblemKind]] = {}
    for kind in map(problem_kind, dict.fromkeys(_codes(function, route, operation))):
        by_status.setdefault(kind.status, []).append(kind)
    return {str(status): shared.named(status, _problem(kinds)) for status, kinds in sorted(by_status.items())}


def _codes(function: HttpFunction, route: Route, operation: Mapping[str, Any]) -> list[str]:
    """The codes that a caller of an operation may see, those that its function declares first."""
    codes = [*function.problems, "BAD_REQUEST", "HOST_UNKNOWN", "HEADERS_TOO_LARGE"]
    codes += ["INTERNAL", "TIMEOUT", "OVERLOADED", "UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT"]
    if not function.public:
        codes += [
            "LOGIN_REQUIRED",
            "TOKEN_INVALID",
            "TOKEN_EXPIRED",
            "TOKEN_REVOKED",
            "AUTHORIZATION_UNAVAILABLE",
        ]
    if route.method != "GET":
        codes += ["ORIGIN_NOT_ALLOWED", "BODY_TOO_LARGE", "BODY_INCOMPLETE"]
    if "requestBody" in operation:
        codes += ["JSON_INVALID", "CONTENT_TYPE_INVALID", "CONTENT_ENCODING_INVALID", "VALIDATION_FAILED"]
    if function.operators:
        codes += ["ROUTE_NOT_FOUND"]
    if function.rate_limit:
        codes += ["RATE_LIMITED"]
    places = {parameter["in"] for parameter in operation["parameters"]}
    names = {parameter["name"] for parameter in operation["parameters"]}
    codes += ["NOT_FOUND"] if "path" in places else []
    codes += ["VALIDATION_FAILED"] if "query" in places else []
    codes += ["INVALID_CURSOR"] if "cursor" in names else []
    codes += ["IDEMPOTENCY_KEY_INVALID"] if "Idempotency-Key" in names else []
    return codes


def _problem(kinds: list[ProblemKind]) -> dict[str, Any]:
    status = kinds[0].status
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if status in (429, 503):
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if status == 429:
        headers["RateLimit"] = {"$ref": "#/components/headers/RateLimit"}
    examples = {kind.code: {"value": kind.example("/api/v1/users/me")} for kind in kinds}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    return {"description": HTTPStatus(status).phrase, "headers": headers, "content": {PROBLEM_TYPE: content}}
