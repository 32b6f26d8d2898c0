"""Workflows: pinned by commit, with the least rights, and every command that they run exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").glob("*.yaml")
}
Object = dict[str, Any]


def steps() -> list[Object]:
    return [
        step for flow in WORKFLOWS.values() for job in flow["jobs"].values() for step in job.get("steps", ())
    ]


def test_there_is_a_check_a_release_and_a_nightly_run() -> None:
    assert WORKFLOWS.keys() == {"check", "release", "nightly"}


def test_actions_are_pinned_by_commit_with_the_version_beside() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / ".github/workflows").glob("*.yaml"))
    used = re.findall(r"uses: ([^\s.]\S*)(.*)", text)
    assert used
    for action, beside in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", beside), action


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_has_no_rights_but_those_that_a_job_names(name: str) -> None:
    flow = WORKFLOWS[name]
    assert flow["permissions"] == {}
    for job in flow["jobs"].values():
        assert job["permissions"].get("contents") in {"read", "write"}
        assert "timeout-minutes" in job or "uses" in job
    writers = {job for job, made in flow["jobs"].items() if "write" in made["permissions"].values()}
    assert writers == ({"image", "bump"} if name == "release" else set())


def test_checkouts_leave_no_token_behind() -> None:
    for step in steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_every_command_is_one_of_the_makefiles() -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {name for step in steps() for name in re.findall(r"(?m)^\s*make ([a-z-]+)", step.get("run", ""))}
    called |= set(WORKFLOWS["nightly"]["jobs"]["chain"]["strategy"]["matrix"]["command"])
    assert {"check", "infrastructure", "cluster-check", "sbom"} <= called
    assert called <= known, called - known


def test_nothing_that_others_write_is_put_into_a_script() -> None:
    """Expressions in `run` are text that becomes code; values go by the environment."""
    assert not [step["run"] for step in steps() if "${{" in step.get("run", "")]
