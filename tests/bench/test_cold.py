from __future__ import annotations

import sys
from pathlib import Path

from bench import cold
from bench.cold import ColdStart
from embedded.servers.process import free_port


def test_functions_are_named_by_their_folders(tmp_path: Path) -> None:
    for folder in ("scan/vision", "users/update_me"):
        (tmp_path / "functions" / folder).mkdir(parents=True)
        (tmp_path / "functions" / folder / "func.py").touch()
    assert set(cold.functions(tmp_path)) == {"scan-vision", "users-update-me"}


def test_each_start_is_timed_until_ready() -> None:
    port = free_port()
    found = cold.start(
        "tiny", [sys.executable, "-m", "tests.bench.platform", "--port", str(port)], port, starts=2
    )
    assert len(found.seconds) == 2
    assert all(seconds > 0 for seconds in found.seconds)
    assert found.failure == ""


def test_a_server_that_ends_is_reported_with_its_last_words() -> None:
    found = cold.start(
        "broken", [sys.executable, "-c", "raise SystemExit('no module')"], free_port(), starts=3
    )
    assert found.row() == ("broken", "", "", "", "", "not ready: no module")


def test_a_slow_start_is_marked_against_its_own_target() -> None:
    slow = ColdStart("scan-vision", (0.3, 0.7, 0.6), (0.2, 0.2, 0.3))
    assert slow.row() == ("scan-vision", "0.300", "0.600", "0.700", "0.200", "over 0.5 s")
    assert ColdStart("chat-agent", (0.3, 0.7, 0.6), (0.2,)).row()[-1] == ""
