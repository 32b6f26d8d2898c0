"""Writes what the platform needs before it starts: signing keys, and the functions' routes and Triggers as files.

`python -m embedded.supervisor.wiring --functions-url URL --routes FILE --triggers FILE --keys FOLDER`: a process
of its own, because importing every function is slow and large, and the supervisor shall be neither.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from brokers.trigger import Schedule, Trigger, Wiring


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions-url", required=True)
    parser.add_argument("--routes", type=Path, required=True)
    parser.add_argument("--triggers", type=Path, required=True)
    parser.add_argument("--keys", type=Path, required=True)
    options = parser.parse_args()
    from edge.table import declared
    from functions.auth.errors import SigningKeysError
    from functions.auth.keys import SigningKeys, ensure_keys

    ensure_keys(options.keys)
    try:
        SigningKeys.load(options.keys)
    except SigningKeysError as error:
        sys.exit(f"{error}; move the folder away: new keys are made, and people sign in again")
    _replace(options.routes, [asdict(route) for route in declared()])
    _replace(options.triggers, asdict(wiring(options.functions_url)))


def wiring(functions_url: str) -> Wiring:
    """Triggers and schedules, as Trigger and PingSource objects say them on a cluster.

    Every function is behind `functions_url` and told apart by its Host header.
    """
    from functions.ops import clocks
    from functions.runtime.declaration import WAKE, EventFunction
    from functions.runtime.registry import QUARANTINE, load_all

    events = [function for function in load_all() if isinstance(function, EventFunction) and function.on]

    def trigger(function: EventFunction, name: str, type: str, path: str = "") -> Trigger:
        return Trigger(
            name=name,
            filter={"type": type},
            subscriber=functions_url + path,
            retry=function.retry,
            backoff_delay_s=function.backoff_delay_s,
            backoff_policy=function.backoff_policy,
            timeout_s=function.timeout_s + 5,  # timeouts nest: the handler gives up before its broker does
            dead_letter_sink=functions_url,
            in_flight=function.in_flight,
            headers={"host": function.name},
            dead_letter_headers={"host": QUARANTINE},
        )

    triggers = [trigger(each, each.name, each.on.type) for each in events if each.on]
    triggers += [
        trigger(each, f"{each.name}-wake", each.wakes_on.type, WAKE) for each in events if each.wakes_on
    ]
    schedules = tuple(
        Schedule(clock.name, clock.event.type, clocks.SOURCE, clock.every_s, dict(clock.data))
        for clock in clocks.CLOCKS
    )
    return Wiring(tuple(triggers), schedules)


def _replace(path: Path, content: Any) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=1))
    part.replace(path)


if __name__ == "__main__":
    main()
