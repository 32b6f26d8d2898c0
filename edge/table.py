"""The route table: from the functions' declarations to rows that the edge's configuration is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

_LIMIT = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,5})")
NO_LIMIT = "off"
ADDRESS = "address"
"""In the place of a function's name: everything that one address asks together."""


@dataclass(frozen=True, slots=True)
class EdgeRoute:
    """Where one method of one path template goes.

    auth: only with a login. limit: `requests/seconds` of one caller. max_body: bytes. streams: the answer has no end.
    """

    method: str
    path: str
    function: str
    auth: bool = True
    limit: str | None = None
    timeout_s: float = 30.0
    max_body: int = 65_536
    streams: bool = False

    @property
    def quota(self) -> tuple[int, int] | None:
        """Requests and seconds of the limit. Raises ValueError naming the function."""
        return None if self.limit is None else quota(self.function, self.limit)

    def times(self, factor: int) -> EdgeRoute:
        """The same with a limit for `factor` callers together."""
        if self.quota is None:
            return self
        requests, seconds = self.quota
        return replace(self, limit=f"{requests * factor}/{seconds}")


def quota(limited_by: str, limit: str) -> tuple[int, int]:
    """Requests and seconds of a limit. Raises ValueError naming what it limits."""
    found = _LIMIT.fullmatch(limit)
    if not found:
        raise ValueError(f"{limited_by}: limit {limit!r} is not <requests>/<seconds>, e.g. 60/60")
    return int(found[1]), int(found[2])


def declared() -> list[EdgeRoute]:
    """The routes of all functions."""
    from functions.runtime.declaration import HttpFunction
    from functions.runtime.registry import load_all

    return [
        EdgeRoute(
            method=route.method,
            path=route.path,
            function=function.name,
            auth=not function.public,
            limit=function.rate_limit,
            timeout_s=function.timeout_s + 5,  # timeouts nest: the handler gives up before its edge does
            max_body=function.max_body,
            streams=function.streams,
        )
        for function in load_all()
        if isinstance(function, HttpFunction)
        for route in function.routes
        if not route.everything
    ]


def limited(table: Iterable[EdgeRoute], limits: Mapping[str, str]) -> list[EdgeRoute]:
    """The rows with the limits of single functions replaced; `off` takes a limit away."""
    return [
        replace(row, limit=None if limits[row.function] == NO_LIMIT else limits[row.function])
        if row.function in limits
        else row
        for row in table
    ]


def parse_limits(text: str) -> dict[str, str]:
    """From `function=requests/seconds,…` (`off` instead of a limit: none); `address` limits addresses.

    Raises ValueError.
    """
    limits = dict(part.strip().partition("=")[::2] for part in text.split(",") if part.strip())
    for function, limit in limits.items():
        if limit != NO_LIMIT and not _LIMIT.fullmatch(limit):
            raise ValueError(
                f"ECO2_RATE_LIMITS: limit {function}={limit}: write {function}=<requests>/<seconds>, e.g. 60/60"
            )
    return limits
