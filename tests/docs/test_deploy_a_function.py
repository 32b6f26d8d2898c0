"""docs/deploy-a-function.md is followed in a copy of the code, and what func's build makes of a folder is run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from eventing.catalogue import to_event
from functions.auth.events import UserRegistered
from tests.docs.func_build import ROOT, build, build_again, served
from tests.functions.examples import example
from tests.tree import copied

PAGE = (ROOT / "docs/deploy-a-function.md").read_text()
FENCE = re.compile(r"^```sh(?: (\w+))?\n(.*?)^```", re.M | re.S)
FILES = (
    "pyproject.toml",
    "requirements.lock",
    "bootstrap.lock",
    "Makefile",
    "README.md",
    "LICENSE",
    "NOTICE",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code after the page's commands have run in it."""
    made = copied(tmp_path_factory.mktemp("copy"), *FILES)
    (made / ".venv").symlink_to(ROOT / ".venv")
    # The copy comes before the installed package, which is the original; and make has nothing to set up.
    environment = os.environ | {"PYTHONPATH": str(made), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    for kind, commands in FENCE.findall(PAGE):
        if not kind:
            script = commands.replace("make ", "make -o .venv/installed ")
            ran = subprocess.run(
                ["sh", "-ec", script],
                cwd=made,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert ran.returncode == 0, f"{commands}: {ran.stdout[-3000:]}{ran.stderr[-3000:]}"
    return made


@pytest.fixture(scope="module")
def built(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's HTTP function, built from its folder and a wheel that does not have it."""
    folder = tmp_path_factory.mktemp("build")
    wheels = folder / "wheels"
    shutil.copytree(copy / "wheels", wheels)
    own = folder / "function"
    shutil.copytree(copy / "functions/stats/greeting", own)
    made = build(own, folder / "build", wheels)
    # The wheel is of the copy, so it has the folder as well: only what pip made of the folder itself may be run.
    shutil.rmtree(made / "lib/functions/stats")
    return made


def call(
    url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, bytes]:
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_the_page_makes_functions_that_make_manifests_knows(copy: Path) -> None:
    route = (copy / "platform/knative/base/functions/stats-greeting.yaml").read_text()
    assert "name: stats-greeting" in route
    trigger = (copy / "platform/knative/base/functions/stats-newcomer.yaml").read_text()
    assert "type: eco2.user.registered" in trigger
    assert "stats-newcomer.yaml" in (copy / "platform/knative/base/kustomization.yaml").read_text()


def test_a_folder_and_the_wheel_answer_under_funcs_scaffold(built: Path) -> None:
    with served(built) as url:
        path = f"{url}/api/v1/stats/greeting/bora"
        assert call(path)[0] == 401
        status, _, body = call(path, headers={"x-user-id": "u1"})
        assert (status, json.loads(body)) == (200, {"name": "bora", "user_id": "u1"})
        assert call(f"{url}/health/ready")[0] == call(f"{url}/health/liveness")[0] == 200
        # It knows who it is, though its package is called `function`.
        assert b'function="stats-greeting"' in call(f"{url}/metrics")[2]


def test_events_reach_a_function_built_from_source(
    copy: Path, built: Path, tmp_path: Path, postgres_url: str
) -> None:
    made = build_again(copy / "functions/stats/newcomer", built, tmp_path / "build")
    headers, body = to_event(example(UserRegistered), source="/eco2/tests", subject="s").to_binary()
    with served(made, ECO2_DATABASE_URL=postgres_url) as url:
        assert [call(url, body, headers)[0] for _ in range(2)] == [204, 204]
        assert call(url, b"{}")[0] == 400
        assert call(f"{url}/health/ready")[0] == 200
