"""What the supervisor writes for the broker and the edge."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from brokers.trigger import load
from edge.table import declared
from embedded.supervisor.wiring import main, wiring
from functions.ops.clocks import CLOCKS
from functions.runtime.registry import load_all


def test_timeouts_nest_from_the_inside_out() -> None:
    triggers = {trigger.name: trigger for trigger in wiring("http://localhost").triggers}
    for function in load_all():
        if function.name in triggers:
            assert function.timeout_s < triggers[function.name].timeout_s


def test_what_wakes_a_function_comes_to_its_own_path() -> None:
    triggers = {trigger.name: trigger for trigger in wiring("http://localhost").triggers}
    waking = triggers["scan-vision-wake"]
    assert waking.filter == {"type": "eco2.images.picture.expected"}
    assert (waking.subscriber, waking.headers) == ("http://localhost/wake", {"host": "scan-vision"})
    assert triggers["scan-vision"].subscriber == "http://localhost"


def test_the_files_say_what_is_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = {name: str(tmp_path / name) for name in ("routes", "triggers", "keys")}
    command = ["wiring", "--functions-url", "http://127.0.0.1:1"]
    command += [part for name, path in paths.items() for part in (f"--{name}", path)]
    monkeypatch.setattr(sys, "argv", command)
    main()
    written = load(paths["triggers"])
    assert written == wiring("http://127.0.0.1:1")
    assert [(each.type, each.every_s, each.data) for each in written.schedules] == [
        (c.event.type, c.every_s, c.data) for c in CLOCKS
    ]
    table = json.loads(Path(paths["routes"]).read_text())
    assert [(row["method"], row["path"]) for row in table] == [
        (route.method, route.path) for route in declared()
    ]
