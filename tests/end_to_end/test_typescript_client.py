"""A TypeScript client whose types come from the OpenAPI document compiles, and works against the platform."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.runtime.registry import load_all
from schemas.openapi import openapi
from tests.end_to_end.platform import Platform, running

SOURCE = Path(__file__).resolve().parents[1] / "typescript"
BUDGET_S = 300


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(processes=1) as started:
        yield started


def run(folder: Path, *command: str) -> str:
    """A command's output; the test fails with it when the command does."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=BUDGET_S, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4_000:]}\n{done.stderr[-4_000:]}"
    return done.stdout


def test_a_generated_client_compiles_and_works(platform: Platform, tmp_path: Path) -> None:
    folder = tmp_path / "client"
    shutil.copytree(SOURCE, folder)
    (folder / "openapi.json").write_text(json.dumps(openapi(load_all())))
    run(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
    run(
        folder,
        "npx",
        "--no-install",
        "openapi-typescript",
        "openapi.json",
        "-o",
        "api.d.ts",
        "--default-non-nullable=false",
    )
    run(folder, "npx", "--no-install", "tsc", "-p", ".")
    assert run(folder, "node", "built/use.js", platform.url) == "used\n"
