"""Keys are rotated by a command."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from cli.main import main
from functions.auth.keys import SigningKeys, ensure_keys


def test_rotating_says_which_key_signs(tmp_path: Path) -> None:
    ensure_keys(tmp_path / "keys")
    before = SigningKeys.load(tmp_path / "keys")
    shown = CliRunner().invoke(main, ["keys", "rotate", "--home", str(tmp_path)])
    now = SigningKeys.load(tmp_path / "keys")
    assert shown.exit_code == 0
    assert now.kid != before.kid
    assert shown.output == f"key {now.kid} signs from now on; 3 keys verify\n"


def test_a_folder_without_keys_is_told(tmp_path: Path) -> None:
    shown = CliRunner().invoke(main, ["keys", "rotate", "--folder", str(tmp_path)])
    assert shown.exit_code != 0
    assert "can't be read" in shown.output
