"""AG-UI's own client follows the chat's streams: its rules hold, and what it gathers are our answers."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.end_to_end.platform import running
from tests.end_to_end.test_typescript_client import run

SOURCE = Path(__file__).resolve().parents[1] / "ag_ui"


def test_the_client_of_the_protocol_follows_a_turn(tmp_path: Path) -> None:
    folder = tmp_path / "client"
    shutil.copytree(SOURCE, folder)
    run(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
    with running(processes=1) as platform:
        assert run(folder, "node", "use.js", platform.url) == "used\n"
