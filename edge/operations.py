"""The edge's second port, for the kubelet and for metrics."""

from __future__ import annotations

from edge.fields import Fields, extension, manager, socket, typed

_LUA = "envoy.filters.http.lua"
_DRAIN = """
function envoy_on_request(handle)
  handle:httpCall("admin", {
    [":method"] = "POST", [":path"] = "/drain_listeners?graceful", [":authority"] = "admin"
  }, "", 1000)
end
"""
_HEALTH = ("/health/live", "/health/ready")
_LUA_OFF = typed("filters.http.lua.v3.LuaPerRoute", disabled=True)


def health(bind: str, port: int) -> Fields:
    """GET /health/live of this process alone, where several share the public port."""
    routes = [{"match": {"path": path}, "direct_response": {"status": 200}} for path in _HEALTH]
    host = {"name": "health", "domains": ["*"], "routes": routes}
    return _listener(bind, port, manager("operations", host, []))


def operations(bind: str, port: int, drain_s: float) -> Fields:
    """Probes, metrics and the preStop hook; not in the Service, and no limit of connections applies."""
    fault = "filters.http.fault.v3.HTTPFault"
    wait = {
        "delay": {
            "fixed_delay": f"{drain_s}s",
            "percentage": {"numerator": 100, "denominator": "HUNDRED"},
        }
    }
    routes: list[Fields] = [
        {
            "match": {"path": path},
            "direct_response": {"status": 200},
            "typed_per_filter_config": {_LUA: _LUA_OFF},
        }
        for path in _HEALTH
    ]
    routes += [
        {
            "match": {"path": "/metrics"},
            "route": {"cluster": "admin", "prefix_rewrite": "/stats/prometheus"},
            "typed_per_filter_config": {_LUA: _LUA_OFF},
        },
        {
            # The answer comes when clients have had time to leave; then the kubelet sends SIGTERM.
            "match": {"path": "/drain"},
            "direct_response": {"status": 200},
            "typed_per_filter_config": {"envoy.filters.http.fault": typed(fault, **wait)},
        },
    ]
    filters = [
        extension(
            _LUA,
            "filters.http.lua.v3.Lua",
            default_source_code={"inline_string": _DRAIN},
        ),
        extension("envoy.filters.http.fault", fault),
    ]
    host = {"name": "operations", "domains": ["*"], "routes": routes}
    return _listener(bind, port, manager("operations", host, filters))


def _listener(bind: str, port: int, served: Fields) -> Fields:
    return {
        "name": "operations",
        "address": socket(bind, port),
        "ignore_global_conn_limit": True,
        "filter_chains": [{"filters": [served]}],
    }
