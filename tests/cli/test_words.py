"""Hints follow the language that was chosen, the environment's, or the terminal's."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main


@pytest.mark.parametrize(
    ("environment", "arguments", "korean"),
    [
        ({"LANG": "ko_KR.UTF-8"}, [], True),
        ({"LANG": "C.UTF-8"}, [], False),
        ({"LANG": "C.UTF-8", "ECO2_LANG": "ko"}, [], True),
        ({"LANG": "ko_KR.UTF-8", "ECO2_LANG": "en"}, [], False),
        ({"LANG": "C.UTF-8"}, ["--lang", "ko"], True),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, [], False),
    ],
)
def test_the_language_is_the_nearest_one_said(
    environment: dict[str, str], arguments: list[str], korean: bool, tmp_path: Path
) -> None:
    unset = dict.fromkeys(("LC_ALL", "LC_MESSAGES", "LANG", "ECO2_LANG", "ECO2_URL"))
    result = CliRunner().invoke(
        main, [*arguments, "jobs", "--home", str(tmp_path)], env={**unset, **environment}
    )
    assert ("실행 중인 플랫폼이 없어요" in result.stderr) is korean
    assert ("no platform runs in" in result.stderr) is not korean


def test_there_is_no_colour_where_none_is_wanted(tmp_path: Path) -> None:
    for environment, coloured in (({"NO_COLOR": "1"}, False), ({"NO_COLOR": None}, True)):
        result = CliRunner().invoke(main, ["doctor", "--home", str(tmp_path)], env=environment, color=True)
        assert ("\x1b[" in result.output) is coloured
