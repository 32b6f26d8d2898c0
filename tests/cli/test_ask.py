"""`eco2 ask`: the knowledge without a platform."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from cli.main import main

FIELDS = [
    "text",
    "outcome",
    "item",
    "major",
    "middle",
    "minor",
    "candidates",
    "answer",
    "steps",
    "sources",
    "region",
]


def ask(*arguments: str, lines: str | None = None) -> Result:
    return CliRunner().invoke(main, ["ask", *arguments], input=lines)


def test_a_thing_is_told_with_its_steps_and_sources() -> None:
    result = ask("소주병", "어떻게", "버려요?")
    assert result.exit_code == 0, result.output
    assert "재활용폐기물 › 유리병 › 소주병" in result.output
    assert "1. " in result.output


@pytest.mark.parametrize(
    ("text", "outcome", "item"),
    [
        ("프로판 가스통 어떻게 버려요", "hazard", None),
        ("소주병", "named", "소주병"),
        ("끄르끄륵", "unknown", None),
    ],
)
def test_json_has_the_fields_of_the_contract(text: str, outcome: str, item: str | None) -> None:
    reply = json.loads(ask(text, "--json").stdout)
    assert list(reply) == FIELDS
    assert (reply["text"], reply["outcome"]) == (text, outcome)
    assert item is None or reply["item"] == item
    assert reply["answer"] and all(isinstance(step, str) for step in reply["steps"])


def test_a_hazard_names_its_sources() -> None:
    reply = json.loads(ask("주사바늘", "--json").stdout)
    assert reply["sources"] and all({"title", "publisher", "date"} <= set(each) for each in reply["sources"])


def test_a_dash_answers_one_line_each() -> None:
    result = ask("-", lines="소주병\n\n부탄가스예요, 조금 남았어요\n")
    replies = [json.loads(line) for line in result.stdout.splitlines()]
    assert [reply["text"] for reply in replies] == ["소주병", "부탄가스예요, 조금 남았어요"]
    assert [reply["outcome"] for reply in replies] == ["named", "hazard"]


def test_an_unknown_region_is_said_and_the_general_rule_told() -> None:
    reply = json.loads(ask("소주병", "--region", "아틀란티스", "--json").stdout)
    assert reply["region"] is None
    assert "‘아틀란티스’의 규정은 아직 없어 전국 기준" in reply["answer"]


def test_a_named_thing_is_answered_without_loading_models() -> None:
    code = "import sys; from cli.main import main; main(['ask', '소주병'], standalone_mode=False); "
    heavy = ("onnxruntime", "numpy", "yaml", "embedded", "starlette")
    code += f"print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert shown.stdout.strip().splitlines()[-1] == "[]"
