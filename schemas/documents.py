"""OpenAPI 3.1 and AsyncAPI 3.0 documents from the functions' declarations."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request

from eventing.catalogue import EventData, registered
from functions.runtime.binding import Parameter, parameters
from functions.runtime.declaration import EventFunction, Function, HttpFunction
from functions.runtime.request import IdempotencyKey, User
from functions.runtime.resources import Resources

VERSION = "0.1.0"
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what a person can do about it"},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "UPPER_SNAKE"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_NOT_SENT = (User, Request, Resources)


def openapi(functions: tuple[Function, ...]) -> dict[str, Any]:
    """The OpenAPI document: every route that the edge knows, with its parameters, body and success."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    for function in functions:
        if isinstance(function, HttpFunction):
            for route in function.routes:
                if route.method != "ANY":
                    operation = _operation(function, route.path, schemas)
                    paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Eco²", "version": VERSION, "license": {"name": "Apache-2.0"}},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": "s_access"},
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _operation(function: HttpFunction, path: str, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": function.name + ("" if path == function.routes[0].path else "-2"),
        "tags": [function.domain],
        "summary": (function.handler.__doc__ or "").strip().splitlines()[0],
        "security": [] if function.public else [{"cookie": []}, {"bearer": []}],
        "parameters": [],
        "responses": {
            str(function.status): {"description": "success"},
            "default": {
                "description": "problem details (RFC 9457)",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
    for parameter in parameters(function.handler):
        kind = parameter.type
        if parameter.is_service() or kind in _NOT_SENT:
            continue
        if kind is IdempotencyKey:
            header = {
                "name": "Idempotency-Key",
                "in": "header",
                "schema": {"type": "string", "maxLength": 255},
            }
            operation["parameters"].append(header)
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            content = {"application/json": {"schema": _schema(kind, schemas)}}
            operation["requestBody"] = {"required": True, "content": content}
        else:
            operation["parameters"].append(_parameter(parameter, path))
    return operation


def _parameter(parameter: Parameter, path: str) -> dict[str, Any]:
    in_path = parameter.name in re.findall(r"{(\w+)}", path)
    return {
        "name": parameter.name,
        "in": "path" if in_path else "query",
        "required": in_path or not parameter.optional,
        "schema": TypeAdapter(parameter.type).json_schema(),
    }


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def asyncapi(functions: tuple[Function, ...]) -> dict[str, Any]:
    """The AsyncAPI document: every event type as a channel; functions receive from and send to it."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for name, data in registered().items():
        if data.__module__.startswith("functions."):
            message = {
                "name": name,
                "contentType": "application/json",
                "summary": (data.__doc__ or "").strip().splitlines()[0],
                "payload": _schema(data, schemas),
            }
            channels[name] = {"address": name, "messages": {"event": message}}
    for function in functions:
        if isinstance(function, EventFunction):
            for action, event in (("receive", function.on), ("send", function.emits)):
                if event:
                    operations[f"{function.name}-{action}"] = _on(action, event)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Eco² events",
            "version": VERSION,
            "description": "CloudEvents 1.0 over a Knative Broker; a channel is an event type, filtered by Triggers.",
        },
        "channels": channels,
        "operations": operations,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _on(action: str, event: type[EventData]) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{event.type}"}}
