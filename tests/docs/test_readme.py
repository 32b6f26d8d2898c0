"""README: short, the same in both languages, its commands there, its tour of the API walked."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.main import COMMANDS, main
from tests.end_to_end.platform import Platform, running

ROOT = Path(__file__).resolve().parents[2]
PAGES = {language: (ROOT / f"README{language}.md").read_text() for language in ("", ".ko")}
MOST_LINES = 150
SCREENSHOT_BYTES = 200_000


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(processes=1) as started:
        yield started


def blocks(text: str) -> list[str]:
    return re.findall(r"```[^\n]*\n(.*?)```", text, re.DOTALL)


def bare(block: str) -> list[str]:
    """The lines of a block without comments."""
    return [re.sub(r"\s+(#|//) .*", "", line).strip() for line in block.splitlines()]


def test_it_is_short_and_has_a_picture() -> None:
    for text in PAGES.values():
        assert text.count("\n") <= MOST_LINES
        for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text):
            assert (ROOT / picture).stat().st_size <= SCREENSHOT_BYTES


def test_one_command_runs_the_demo_and_one_the_tests() -> None:
    for text in PAGES.values():
        start = bare(blocks(text)[0])
        assert start == ["make demo", "make test"]


def test_both_languages_say_the_same() -> None:
    english, korean = PAGES[""], PAGES[".ko"]
    for pattern in (r"^## ", r"^\| ", r"^\d\. ", r"^\* "):
        assert len(re.findall(pattern, english, re.M)) == len(re.findall(pattern, korean, re.M)), pattern
    codes = [[bare(block) for block in blocks(text) if "╭" not in block] for text in (english, korean)]
    assert codes[0] == codes[1]
    links = [
        set(re.findall(r"\]\(([^)]+)\)", text.replace("-ko.png", ".png"))) - {"README.md", "README.ko.md"}
        for text in (english, korean)
    ]
    assert links[0] == links[1]


def test_every_command_is_there_with_its_options() -> None:
    found = re.findall(r"(?:\.venv/bin/|`)eco2 ([a-z-]+)([^\n`#]*)", PAGES[""])
    assert len(found) > 20
    for name, rest in found:
        if name not in COMMANDS:
            assert name.startswith("--"), name
            continue
        command = main.get_command(click.Context(main), name)
        assert command is not None
        options = {option for each in _all(command) for parameter in each.params for option in parameter.opts}
        for option in re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", rest):
            assert option in options, f"{name} {option}"


def _all(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from _all(each)


def test_the_tour_of_the_api_ends_with_an_answer(platform: Platform, tmp_path: Path) -> None:
    (tour,) = re.findall(r"```sh tour\n(.*?)```", PAGES[""], re.DOTALL)
    (tmp_path / "cli").mkdir()
    shutil.copytree(ROOT / "cli/samples", tmp_path / "cli/samples")
    script = "set -eu\n" + tour.replace("http://127.0.0.1:8080", platform.url)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "event: done" in done.stdout
    assert '"status":"completed"' in done.stdout


def test_every_link_in_the_pages_leads_somewhere() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    broken = []
    for name in listed.stdout.split():
        text = re.sub(r"```.*?```", "", (ROOT / name).read_text(), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            path = link.partition("#")[0]
            if path and "://" not in link and not (ROOT / name).parent.joinpath(path).exists():
                broken.append(f"{name}: {link}")
    assert broken == []
