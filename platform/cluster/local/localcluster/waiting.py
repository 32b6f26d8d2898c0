"""Waiting for things that tell nobody when they are ready."""

from __future__ import annotations

import time
from collections.abc import Callable

from localcluster.errors import ClusterError


def wait_for(
    what: str,
    holds: Callable[[], bool],
    timeout_s: float,
    every_s: float = 0.1,
    why: Callable[[], str] = str,
) -> None:
    """Look again every `every_s` until `holds`. Raises ClusterError after `timeout_s`, with what `why` tells."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise ClusterError(f"{what}: not within {timeout_s:.0f} s{why()}")
        time.sleep(every_s)
