"""The route table: method and path template to function, as data.

A template's `{name}` stands for one non-empty segment; a literal segment wins over it. Paths are matched as
sent (still percent-encoded), so that an encoded slash never becomes another route.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded.edge.limits import Policy

TIMEOUT_S = 30.0
MAX_BODY_BYTES = 1024 * 1024
"""Of an API request; pictures go to the object store, which has its own bound."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where one method of one path goes."""

    method: str
    path: str
    function: str
    auth: bool = True
    limits: Policy | None = None
    timeout_s: float = TIMEOUT_S
    max_body: int = MAX_BODY_BYTES

    @classmethod
    def of(cls, row: Mapping[str, Any], limits: Mapping[str, str]) -> Route:
        """From a row of the table; `limits` of functions win over the row's. Raises KeyError, ValueError."""
        function = row["function"]
        limit = limits.get(function, row.get("limit"))
        return cls(
            method=row["method"].upper(),
            path=row["path"],
            function=function,
            auth=row.get("auth", True),
            limits=Policy.parse(function, limit) if limit and limit != "off" else None,
            timeout_s=float(row.get("timeout_s") or TIMEOUT_S),
            max_body=int(row.get("max_body") or MAX_BODY_BYTES),
        )


@dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    methods: dict[str, Route] = field(default_factory=dict)


class Routes:
    """Looks up a path in time proportional to its number of segments."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self.count = 0
        for route in routes:
            node = self._root
            for segment in route.path.strip("/").split("/"):
                if segment.startswith("{"):
                    node.variable = node.variable or _Node()
                    node = node.variable
                else:
                    node = node.literal.setdefault(segment, _Node())
            if route.method in node.methods:
                raise ValueError(f"two functions serve {route.method} {route.path}")
            node.methods[route.method] = route
            self.count += 1

    def match(self, path: str) -> Mapping[str, Route]:
        """The routes of `path` by method; empty when nothing is served there."""
        node = _find(self._root, path.removeprefix("/").split("/"), 0)
        return node.methods if node else {}


def _find(node: _Node, segments: list[str], at: int) -> _Node | None:
    if at == len(segments):
        return node if node.methods else None
    child = node.literal.get(segments[at])
    if child and (found := _find(child, segments, at + 1)):
        return found
    return _find(node.variable, segments, at + 1) if node.variable and segments[at] else None


def load(table: Path, limits: Mapping[str, str]) -> Routes:
    """The routes of a JSON file, with the limits of single functions replaced.

    Raises ValueError naming the row that is wrong.
    """
    routes = []
    for row in json.loads(table.read_text()):
        try:
            routes.append(Route.of(row, limits))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{table.name}: {row!r}: {error!r}") from error
    return Routes(routes)


def parse_limits(text: str) -> dict[str, str]:
    """From `function=requests/seconds,…` (`off` instead of a limit: none). Raises ValueError."""
    limits = dict(part.strip().partition("=")[::2] for part in text.split(",") if part.strip())
    for function, limit in limits.items():
        if limit != "off":
            Policy.parse(function, limit)
    return limits
