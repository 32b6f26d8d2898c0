"""`eco2 new function` in a copy of the code: what it writes works, is tidy and fits what else there is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import cli.new
from cli.main import main
from tests.tree import copied


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code without what tests other things."""
    return copied(tmp_path_factory.mktemp("copy"), "pyproject.toml", "requirements.lock", "Makefile")


def run(copy: Path, *command: str) -> str:
    module = [sys.executable, "-m", *command]
    ran = subprocess.run(module, cwd=copy, capture_output=True, text=True, timeout=900, check=False)
    assert ran.returncode == 0, f"{command}: {ran.stdout[-3000:]}{ran.stderr[-3000:]}"
    return ran.stdout


def test_scaffolded_functions_work(copy: Path) -> None:
    new = ("cli.main", "new", "function")
    told = run(copy, *new, "scan/weigh", "--on", "eco2.scan.answered", "--emits", "eco2.scan.item.weighed")
    assert "let something take eco2.scan.item.weighed" in told
    assert "let something" not in run(copy, *new, "stats/weight", "--on", "eco2.scan.item.weighed")
    run(copy, *new, "stats/visit", "--on", "eco2.auth.session.opened", "--emits", "eco2.stats.visit.counted")
    run(copy, *new, "stats/top_visits", "--on", "eco2.stats.visit.counted")
    run(copy, *new, "stats/of_user", "--http", "GET /api/v1/stats/{kind}/{name}")

    written = ["functions/scan/events.py", "functions/stats", "functions/scan/weigh"]
    written += ["tests/functions/stats", "tests/functions/scan/test_weigh.py"]
    run(copy, "ruff", "check", *written)
    run(copy, "ruff", "format", "--check", *written)
    passed = run(copy, "pytest", "-q", "-p", "no:cacheprovider", *written[3:], "tests/schemas")
    assert "passed" in passed
    assert "failed" not in passed
    assert "type: eco2.scan.item.weighed" in (copy / "functions/stats/weight/func.yaml").read_text()
    assert (
        "| `stats-of-user` | `GET /api/v1/stats/{kind}/{name}` |" in (copy / "docs/functions.md").read_text()
    )
    assert '"answer"' in (copy / "schemas/events/eco2.scan.item.weighed.json").read_text()


ON = ("--on", "eco2.scan.answered")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("scan-weigh", *ON), "'scan-weigh' is no name; it reads domain/name"),
        (("Scan/weigh", *ON), "is no name"),
        (("scan/weigh-it", *ON), "with _ between words"),
        (("runtime/weigh", *ON), "functions/runtime is taken: what functions stand on"),
        (("scan/class", *ON), "a handler can't be called class"),
        (("scan/" + "long" * 10, *ON), "longer than 40 characters"),
        (("scan/taken", *ON), "functions/scan/taken is there already"),
        (("scan/jobs", *ON), "functions/scan/jobs.py is there already"),
        (("scan/weigh",), "say what triggers it"),
        (("scan/weigh", *ON, "--http", "GET /api/v1/x"), "one of them"),
        (("scan/weigh", "--http", "GET /api/v1/x", "--emits", "eco2.scan.x"), "add --on TYPE"),
        (
            ("scan/weigh", "--on", "eco2.scan.unheard"),
            "there is no event type eco2.scan.unheard; did you mean eco2.",
        ),
        (("scan/weigh", *ON, "--emits", "eco2.scan.answered"), "never ends"),
        (
            ("scan/weigh", *ON, "--emits", "eco2.scan.completed"),
            "needs reward, which eco2.scan.answered does not",
        ),
        (("scan/weigh", *ON, "--emits", "eco2.users.weighed"), "a new one reads eco2.scan.<subject>"),
        (("scan/weigh", *ON, "--emits", "eco2.scan.Weighed"), "is no event type of scan"),
        (("scan/weigh", "--http", "/api/v1/x"), "a route reads like"),
        (("scan/weigh", "--http", "FETCH /api/v1/x"), "is no route of ours"),
        (("scan/weigh", "--http", "GET /x"), "is no route of ours"),
        (("scan/weigh", "--http", "GET /api/v1/{a}/{a}"), "a parameter twice"),
        (
            ("scan/weigh", "--http", "GET /api/v1/scan/{id}/result"),
            "scan-result serves GET /api/v1/scan/{job_id}",
        ),
    ],
)
def test_what_can_not_work_is_refused_before_anything_is_written(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("functions/scan/taken/func.py", "functions/scan/jobs.py", "tests/functions/contract.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(cli.new, "ROOT", tmp_path / "functions")
    result = CliRunner().invoke(main, ["new", "function", *arguments])
    assert result.exit_code == 1, result.output
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place like a clone, where nothing is generated."""
    for path in ("functions/scan/events.py", "tests/functions/contract.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    monkeypatch.setattr(cli.new, "ROOT", tmp_path / "functions")
    return tmp_path


class Generated:
    """A run of schemas.generate that ends so."""

    def __init__(self, returncode: int = 0, stderr: str = "") -> None:
        self.returncode, self.stderr = returncode, stderr

    def __call__(self, *_: object, **__: object) -> Generated:
        return self


def test_what_was_written_and_what_comes_next_is_told(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.generated.subprocess.run", Generated())
    arguments = ["new", "function", "scan/weigh", *ON, "--emits", "eco2.scan.item.weighed"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    for path in ("functions/scan/weigh/func.py", "tests/functions/scan/test_weigh.py"):
        assert f"wrote {path}" in result.output
        assert (clone / path).exists()
    assert "3. let something take eco2.scan.item.weighed: eco2 new function" in result.output
    assert "class ItemWeighed(EventData):" not in (clone / "functions/scan/events.py").read_text()
    assert "class ItemWeighed(Answered):" in (clone / "functions/scan/events.py").read_text()
    again = CliRunner().invoke(main, ["new", "function", "scan/measure", *arguments[3:]])
    assert again.exit_code == 1
    assert "has a class ItemWeighed already" in again.stderr


def test_a_known_type_that_needs_no_more_is_answered_as_it_is(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.generated.subprocess.run", Generated())
    arguments = [
        "new",
        "function",
        "stats/again",
        "--on",
        "eco2.scan.answered",
        "--emits",
        "eco2.scan.requested",
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "let something take" not in result.output
    written = (clone / "functions/stats/again/func.py").read_text()
    assert "return ScanRequested(**dict(event))" in written


def test_an_endpoint_is_written(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.generated.subprocess.run", Generated())
    result = CliRunner().invoke(main, ["new", "function", "stats/top", "--http", "GET /api/v1/stats/top"])
    assert result.exit_code == 0, result.output
    assert '@http_function("GET /api/v1/stats/top")' in (clone / "functions/stats/top/func.py").read_text()


@pytest.mark.parametrize(
    ("stderr", "told"), [("a\nValueError: no", "ValueError: no"), ("", "no reason given")]
)
def test_documents_that_can_not_be_generated_are_told(
    stderr: str, told: str, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.generated.subprocess.run", Generated(1, stderr))
    result = CliRunner().invoke(main, ["new", "function", "stats/top", "--http", "GET /api/v1/stats/top"])
    assert result.exit_code == 1
    assert f"make docs fails: {told}; set it right, then: make docs" in result.stderr


def test_a_functions_name_can_be_taken_by_another_folder(clone: Path) -> None:
    result = CliRunner().invoke(main, ["new", "function", "auth/local_login", *ON])
    assert "there is a function auth-local-login already" in result.stderr


def test_an_installed_package_is_no_place_for_a_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.new, "ROOT", tmp_path / "functions")
    result = CliRunner().invoke(main, ["new", "function", "scan/weigh", *ON])
    assert result.exit_code == 1
    assert "scaffold in a clone of the repository" in result.stderr
