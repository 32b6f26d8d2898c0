"""The configuration that is committed: complete, valid for Envoy, closed by default."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml
from manifests.edge import configuration, development_limits, edge_objects

from edge.bootstrap import bootstrap
from edge.checks import CHECK
from edge.routes import virtual_host
from edge.site import EdgeSite
from edge.table import EdgeRoute, declared, limited, parse_limits
from functions.runtime.declaration import HttpFunction
from functions.runtime.registry import load, load_all
from tests.platform.envoy import binary


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(configuration(declared())["envoy.yaml"])
    return loaded


def _managers(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        listener["name"]: listener["filter_chains"][0]["filters"][0]["typed_config"]
        for listener in config["static_resources"]["listeners"]
    }


@pytest.mark.parametrize("text", [edge_objects()[0], development_limits()[0]], ids=["base", "development"])
async def test_envoy_takes_it(text: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "envoy.yaml"
    path.write_text(text["data"]["envoy.yaml"])
    process = await asyncio.create_subprocess_exec(
        *(binary(), "--mode", "validate", "-c", str(path)),
        stderr=asyncio.subprocess.PIPE,
        env={"ECO2_HOSTS": "api.eco2.example"},
    )
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert "eprecated" not in said.decode()


def test_every_route_of_every_function_is_there_and_checked_unless_it_is_public(
    config: dict[str, Any],
) -> None:
    (host,) = _managers(config)["public"]["route_config"]["virtual_hosts"]
    served = {route["name"]: route for route in host["routes"] if route.get("route", {}).get("cluster")}
    for public in declared():
        route = served.pop(f"{public.method} {public.path}")
        assert route["route"]["cluster"] == public.function
        assert route["route"]["host_rewrite_literal"] == f"{public.function}.eco2.svc.cluster.local"
        unchecked = route["typed_per_filter_config"].get(CHECK, {}).get("disabled", False)
        assert unchecked is not public.auth
    assert list(served) == ["objects"]
    assert host["routes"][-1]["match"] == {"prefix": "/"}


def test_streams_have_no_end_but_a_beginning(config: dict[str, Any]) -> None:
    (host,) = _managers(config)["public"]["route_config"]["virtual_hosts"]
    endless = {
        route["name"]: route for route in host["routes"] if route.get("route", {}).get("timeout") == "0s"
    }
    streams = {
        "GET /api/v1/scan/{job_id}/events",
        "GET /api/v1/chat/{job_id}/events",
        "GET /api/v1/console/events",
        "GET /api/v1/stream",
    }
    assert set(endless) == streams
    for route in endless.values():
        assert route["route"]["retry_policy"]["per_try_timeout"] == "25s"


def test_no_client_holds_a_connection_for_ever(config: dict[str, Any]) -> None:
    """Heads, bodies and silence have an end, and what waits has a bound, on the public port."""
    public = _managers(config)["public"]
    waits = {
        "head": public["request_headers_timeout"],
        "request": public["request_timeout"],
        "silence": public["stream_idle_timeout"],
        "idle": public["common_http_protocol_options"]["idle_timeout"],
    }
    seconds = {name: float(text.removesuffix("s")) for name, text in waits.items()}
    assert all(0 < wait <= 120 for wait in seconds.values())
    assert seconds["head"] <= 10
    assert public["max_request_headers_kb"] <= 64
    assert public["common_http_protocol_options"]["max_headers_count"] <= 200
    monitors = {each["name"] for each in config["overload_manager"]["resource_monitors"]}
    assert "envoy.resource_monitors.global_downstream_max_connections" in monitors


def test_the_admin_interface_is_not_reachable(config: dict[str, Any]) -> None:
    assert config["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"
    kinds = {item["kind"]: item for item in edge_objects()}
    assert [port["targetPort"] for port in kinds["Service"]["spec"]["ports"]] == ["http"]


def test_another_configuration_is_another_pod() -> None:
    deployment = edge_objects()[1]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert deployment["spec"]["template"]["metadata"]["annotations"]["eco2/config"]
    assert container["securityContext"]["readOnlyRootFilesystem"]


def test_two_functions_at_one_route_are_an_error() -> None:
    twice = [EdgeRoute("GET", "/a/{x}", "one"), EdgeRoute("GET", "/a/{y}", "two")]
    with pytest.raises(ValueError, match="two functions"):
        virtual_host(twice, EdgeSite())


def test_a_limit_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="one: limit 'many'"):
        virtual_host([EdgeRoute("GET", "/a", "one", limit="many")], EdgeSite())


def test_limits_of_single_functions_are_replaced_or_taken_away() -> None:
    table = [EdgeRoute("GET", "/a", "one", limit="2/60"), EdgeRoute("GET", "/b", "two", limit="2/60")]
    changed = limited([*table, EdgeRoute("GET", "/c", "three")], parse_limits("one=9/1, two=off"))
    assert [row.limit for row in changed] == ["9/1", None, None]
    assert [row.times(100).limit for row in changed] == ["900/1", None, None]


@pytest.mark.parametrize("text", ["one=many", "one", "one=0/60", "one=6/0"])
def test_a_replaced_limit_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="ECO2_RATE_LIMITS: limit one="):
        parse_limits(text)


@pytest.mark.parametrize("url", ["https://collector:4318", "collector:4318", "http://"])
def test_a_collector_that_the_edge_can_not_reach_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="write http://host:port"):
        bootstrap([], EdgeSite(collector=url))


def test_the_edge_gets_every_route_but_the_one_that_takes_everything() -> None:
    table = declared()
    known = [
        (function.name, route.method, route.path)
        for function in load_all()
        if isinstance(function, HttpFunction)
        for route in function.routes
        if route.path != "/*"
    ]
    assert [(route.function, route.method, route.path) for route in table] == known
    for route in table:
        function = load(route.function)
        assert isinstance(function, HttpFunction)
        assert route.timeout_s > function.timeout_s
        assert (route.auth, route.streams) == (not function.public, function.streams)
    assert "auth-authorize" not in {route.function for route in table}
