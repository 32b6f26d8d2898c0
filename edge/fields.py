"""The vocabulary of Envoy's configuration: addresses, extensions, header fields, HTTP connection managers."""

from __future__ import annotations

from typing import Any

Fields = dict[str, Any]
Address = tuple[str, int]
METADATA = "eco2.edge"
"""The key of what a route tells log lines and answers: its function, its bounds."""


def manager(name: str, host: Fields, filters: list[Fields], **options: Any) -> Fields:
    """A filter that serves HTTP: `filters` before the router, `options` of HttpConnectionManager."""
    router = extension(
        "envoy.filters.http.router", "filters.http.router.v3.Router", suppress_envoy_headers=True
    )
    return extension(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        route_config={"name": name, "virtual_hosts": [host]},
        http_filters=[*filters, router],
        **options,
    )


def socket(host: str, port: int) -> Fields:
    """An address."""
    return {"socket_address": {"address": host, "port_value": port}}


def typed(kind: str, **fields: Any) -> Fields:
    """A message of envoy.extensions."""
    return {"@type": f"type.googleapis.com/envoy.extensions.{kind}", **fields}


def extension(name: str, kind: str, **fields: Any) -> Fields:
    """An extension by its name and its message of envoy.extensions."""
    return {"name": name, "typed_config": typed(kind, **fields)}


def header(name: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> Fields:
    """A header field that takes the place of what was there; not added when its value comes out empty."""
    return {"header": {"key": name, "value": value}, "append_action": action}


def written(name: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD", **more: Any) -> Fields:
    """A header mutation that writes a field as `header` does."""
    return {"append": header(name, value, action) | more}


def removed(name: str) -> Fields:
    """A header mutation that removes a field."""
    return {"remove": name}


def removed_by_prefix(prefix: str) -> Fields:
    """A header mutation that removes every field whose name starts so."""
    return {"remove_on_match": {"key_matcher": {"prefix": prefix, "ignore_case": True}}}


def mutations(
    name: str, *, request: list[Fields] | None = None, response: list[Fields] | None = None
) -> Fields:
    """A header mutation filter; its values may hold `%CEL(…)%` with CEL's functions on strings."""
    return extension(
        name,
        "filters.http.header_mutation.v3.HeaderMutation",
        mutations=changes(request=request, response=response),
    )


def changes(*, request: list[Fields] | None = None, response: list[Fields] | None = None) -> Fields:
    """What a header mutation filter does, in general or on one route."""
    given = {"request_mutations": request, "response_mutations": response}
    return {"formatters": [_CEL], **{name: value for name, value in given.items() if value}}


_CEL = extension(
    "envoy.formatter.cel",
    "formatter.cel.v3.Cel",
    cel_config={"enable_string_concat": True, "enable_string_functions": True},
)


def where(name: str, field: str, is_so: Fields, then: Fields) -> Fields:
    """The filter `then` under `name`; it runs for requests whose header `field` a StringMatcher takes, no others."""
    kind = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
    predicate = {
        "single_predicate": {
            "input": {"name": field, "typed_config": {"@type": kind, "header_name": field}},
            "value_match": is_so,
        }
    }
    skip = "type.googleapis.com/envoy.extensions.filters.common.matcher.action.v3.SkipFilter"
    otherwise = {
        "predicate": {"not_matcher": predicate},
        "on_match": {"action": {"name": "skip", "typed_config": {"@type": skip}}},
    }
    return extension(
        name,
        "common.matching.v3.ExtensionWithMatcher",
        extension_config=then,
        xds_matcher={"matcher_list": {"matchers": [otherwise]}},
    )


def lua_matched(script: str) -> Fields:
    """A StringMatcher that asks `envoy_match` of a Lua script, which is read when Envoy starts."""
    lua = "type.googleapis.com/envoy.extensions.string_matcher.lua.v3.Lua"
    return {
        "custom": {
            "name": "envoy.string_matcher.lua",
            "typed_config": {"@type": lua, "source_code": {"inline_string": script}},
        }
    }


OFF: Fields = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}
"""For a route's `typed_per_filter_config`: this filter does not run there."""


def endpoints(name: str, address: Fields) -> Fields:
    """A cluster's only endpoint."""
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
