"""functions-framework starts every function, by its HTTP signature."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functions.runtime.declaration import EventFunction
from functions.runtime.registry import folders, load

ROOT = Path(__file__).resolve().parents[3]
ASK = """
import asyncio, json
from functions_framework.aio import create_asgi_app
from functions.runtime.registry import folders
import httpx

async def ask():
    for name, folder in folders().items():
        transport = httpx.ASGITransport(app=create_asgi_app(folder.name, str(folder / "func.py")))
        async with httpx.AsyncClient(transport=transport, base_url="http://function") as client:
            ready, posted = await client.get("/health/ready"), await client.post("/nothing", json={})
            answered = [ready.status_code, posted.status_code, posted.headers["content-type"]]
            print(json.dumps({"name": name, "answered": answered}))

asyncio.run(ask())
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """What each function answers below functions-framework, in one process of its own: the framework is global."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ECO2_")}
    ran = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    rows = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    return {row["name"]: row["answered"] for row in rows}


@pytest.mark.parametrize("name", folders())
def test_functions_framework_starts_it(name: str, answers: dict[str, Any]) -> None:
    ready, posted, kind = answers[name]
    assert ready == 200
    assert kind == "application/problem+json"
    if isinstance(load(name), EventFunction):
        assert posted == 400  # no CloudEvent
    else:
        # Its routes are others; the one that takes all of them has no keys here.
        assert posted == (503 if name == "auth-authorize" else 404)
