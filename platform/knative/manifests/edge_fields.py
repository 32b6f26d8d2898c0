"""What Envoy's configuration is made of: addresses, extensions, HTTP connection managers."""

from __future__ import annotations

from typing import Any

Fields = dict[str, Any]
Address = tuple[str, int]
LUA = "envoy.filters.http.lua"
"""The filter that runs edge.lua, and the key of what a route tells it."""


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


def header(name: str, value: str) -> Fields:
    """A header field that takes the place of what was there."""
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def endpoints(name: str, address: Fields) -> Fields:
    """A cluster's only endpoint."""
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
