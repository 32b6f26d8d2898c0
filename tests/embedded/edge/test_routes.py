"""Routes and their limits as data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedded.edge.answers import Problem
from embedded.edge.limits import Limiter, Policy
from embedded.edge.routes import Route, Routes, load, parse_limits


def function(routes: Routes, method: str, path: str) -> str | None:
    route = routes.match(path).get(method)
    return route.function if route else None


def test_literal_segments_win_and_variables_take_one_segment() -> None:
    routes = Routes(
        [
            Route("GET", "/a/{x}", "variable"),
            Route("GET", "/a/b", "literal"),
            Route("POST", "/a/{x}/c", "deep"),
            Route("GET", "/a", "root"),
        ]
    )
    assert function(routes, "GET", "/a/b") == "literal"
    assert function(routes, "GET", "/a/z") == "variable"
    assert function(routes, "POST", "/a/b/c") == "deep"  # goes back from the literal
    assert function(routes, "GET", "/a") == "root"
    assert not routes.match("/a/")
    assert not routes.match("/a/b/c/d")
    assert not routes.match("/")


def test_two_functions_at_one_route_are_an_error() -> None:
    with pytest.raises(ValueError, match="two functions"):
        Routes([Route("GET", "/a/{x}", "one"), Route("GET", "/a/{y}", "two")])


def test_the_table_is_read_with_limits_replaced(tmp_path: Path) -> None:
    rows = [
        {"method": "post", "path": "/scan", "function": "scan-submit", "auth": True, "limit": "30/60"},
        {"method": "GET", "path": "/login", "function": "auth-login", "auth": False, "limit": "5/60"},
        {"method": "GET", "path": "/free", "function": "free", "timeout_s": 5},
    ]
    table = tmp_path / "routes.json"
    table.write_text(json.dumps(rows))
    routes = load(table, parse_limits("scan-submit=1000/60, auth-login=off"))
    assert routes.match("/scan")["POST"].limits == Policy("scan-submit", 1000, 60)
    assert routes.match("/login")["GET"].limits is None
    assert routes.match("/free")["GET"].timeout_s == 5


def test_a_wrong_row_is_named(tmp_path: Path) -> None:
    table = tmp_path / "routes.json"
    table.write_text('[{"method": "GET", "path": "/x"}]')
    with pytest.raises(ValueError, match="function"):
        load(table, {})
    with pytest.raises(ValueError, match="not <requests>/<seconds>"):
        parse_limits("scan-submit=many")


def test_a_bucket_fills_again_and_callers_do_not_share() -> None:
    now = [0.0]
    limiter = Limiter(clock=lambda: now[0])
    policy = Policy("p", 2, 10)
    limiter.take(policy, "a")
    limiter.take(policy, "a")
    with pytest.raises(Problem) as refused:
        limiter.take(policy, "a")
    assert dict(refused.value.headers)[b"retry-after"] == b"5"
    limiter.take(policy, "b")
    now[0] = 5.0
    limiter.take(policy, "a")
    with pytest.raises(Problem):
        limiter.take(policy, "a")
