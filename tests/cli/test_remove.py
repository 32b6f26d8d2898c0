"""`eco2 remove function`: what came with a function goes with it, and what others need is not taken away."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import cli.remove
from cli.main import main
from tests.tree import copied

NEW = ("-m", "cli.main", "new", "function")
REMOVE = ("-m", "cli.main", "remove", "function", "--yes")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code as git knows it."""
    made = copied(tmp_path_factory.mktemp("clone"), "pyproject.toml", ".gitignore")
    git(made, "init", "--quiet")
    git(made, "add", "--all")
    git(made, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "as it was")
    return made


def git(clone: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=clone, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def run(clone: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=clone, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if not code else done.stderr


def test_nothing_is_left_of_functions_that_were_removed(clone: Path) -> None:
    run(clone, *NEW, "scan/weigh", "--on", "eco2.scan.answered", "--emits", "eco2.scan.item.weighed")
    run(clone, *NEW, "stats/weight", "--on", "eco2.scan.item.weighed", "--emits", "eco2.stats.weight.noted")
    run(clone, "-c", "from pathlib import Path; from cli.generated import objects; objects(Path.cwd())")
    assert "platform/knative/base/functions/stats-weight.yaml" in git(clone, "status", "--porcelain", "-uall")
    refused = run(clone, *REMOVE, "scan-weigh", code=1)
    assert "stats-weight take eco2.scan.item.weighed, which only scan-weigh answers with" in refused
    told = json.loads(run(clone, *REMOVE, "stats/weight", "--json"))
    assert told["removed"] == [
        "functions/stats/weight",
        "tests/functions/stats/test_weight.py",
        "eco2.stats.weight.noted",
    ]
    assert not (clone / "functions/stats").exists()
    assert "removed eco2.scan.item.weighed" in run(clone, *REMOVE, "scan-weigh")
    assert git(clone, "status", "--porcelain", "--untracked-files=all") == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("scan-nothing", "no function 'scan-nothing'"),
        ("scan-vision", "scan-rule take eco2.scan.classified, which only scan-vision answers with"),
        ("scan-submit", "uses functions.scan.submit; let it do without first"),
    ],
)
def test_what_others_need_stays(name: str, said: str) -> None:
    result = CliRunner().invoke(main, ["remove", "function", "--yes", name])
    assert result.exit_code == 1
    assert said in result.stderr


def test_it_asks_before_anything_goes() -> None:
    result = CliRunner().invoke(main, ["remove", "function", "console-figures"], input="n\n")
    assert result.exit_code == 1
    assert "remove functions/console/figures, tests/functions/console/test_figures.py?" in result.stderr
    assert Path("functions/console/figures/func.py").exists()


def test_an_installed_package_has_nothing_to_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.remove, "ROOT", tmp_path / "functions")
    result = CliRunner().invoke(main, ["remove", "function", "scan-rule"])
    assert "remove it in a clone of the repository" in result.stderr
