"""Rate limits: one token bucket for each policy and caller (a user, or an address where nobody is signed in).

Header fields: draft-ietf-httpapi-ratelimit-headers ("RateLimit-Policy", "RateLimit").
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from embedded.edge.answers import Headers, Problem

MOST_BUCKETS = 100_000
"""Bound of memory: 16 MB. Above it, buckets that are full again are forgotten first."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`quota` requests in `window_s` seconds; as many may come at once."""

    name: str
    quota: int
    window_s: int

    @classmethod
    def parse(cls, name: str, text: str) -> Policy:
        """From `<quota>/<seconds>`, e.g. `60/60`. Raises ValueError."""
        found = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,5})", text)
        if not found:
            raise ValueError(f"limit {name!r}: {text!r} is not <requests>/<seconds>, e.g. 60/60")
        return cls(name, int(found[1]), int(found[2]))

    def times(self, factor: int) -> Policy:
        """The same for `factor` callers together."""
        return replace(self, quota=self.quota * factor)

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.quota / self.window_s


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Limiter:
    """Counts requests in memory; the limits of a process that serves one machine."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def take(self, policy: Policy, caller: str) -> Headers:
        """Count one request and return the header fields to answer with. Raises Problem (429)."""
        now = self._clock()
        bucket = self._buckets.get((policy.name, caller))
        if bucket is None:
            if len(self._buckets) >= MOST_BUCKETS:
                self._forget(policy, now)
            bucket = self._buckets[policy.name, caller] = _Bucket(policy.quota, now)
        bucket.tokens = min(policy.quota, bucket.tokens + (now - bucket.at) * policy.rate)
        bucket.at = now
        allowed = bucket.tokens >= 1
        if allowed:
            bucket.tokens -= 1
        left = int(bucket.tokens)
        wait_s = math.ceil((left + 1 - bucket.tokens) / policy.rate)
        headers = [
            (b"ratelimit-policy", f'"{policy.name}";q={policy.quota};w={policy.window_s}'.encode()),
            (b"ratelimit", f'"{policy.name}";r={left};t={wait_s}'.encode()),
        ]
        if not allowed:
            retry = (b"retry-after", str(wait_s).encode())
            detail = f"Too many requests: {policy.quota} in {policy.window_s} s; try again in {wait_s} s."
            raise Problem(429, "RATE_LIMITED", detail, [*headers, retry])
        return headers

    def _forget(self, policy: Policy, now: float) -> None:
        idle = [key for key, bucket in self._buckets.items() if now - bucket.at > policy.window_s]
        # Nothing idle means an attack with many addresses: the oldest tenth goes, memory stays bounded.
        for key in idle or list(self._buckets)[: MOST_BUCKETS // 10]:
            del self._buckets[key]
