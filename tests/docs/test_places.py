"""The example of docs/places.md: its file is reported as the page says."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from cli.main import main

PAGE = (Path(__file__).resolve().parents[2] / "docs/places.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_file_is_reported_as_the_page_says(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text(block("csv"))
    result = CliRunner().invoke(main, ["locations", "import", str(path), "--dry-run"])
    assert result.output == block("text")
