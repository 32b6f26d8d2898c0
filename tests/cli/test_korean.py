"""Every text that a command says to people has its Korean, and no Korean is left of a text that is gone."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from cli import words
from cli.main import COMMANDS, main
from embedded.supervisor.errors import AlreadyRunningError, SupervisionLostError

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE: dict[str, str] = json.loads((ROOT / "cli/korean.json").read_text())
SPOKEN = {
    "CliError",
    "Finding",
    "click.BadParameter",
    "click.UsageError",
    "click.confirm",
    "click.echo",
    "click.secho",
    "input",
    "meant",
    "tables.show",
}
"""What shows its texts to people."""
BELOW = (
    "embedded/supervisor/*.py",
    "embedded/config.py",
    "functions/auth/keys.py",
    "functions/auth/issuing.py",
    "functions/auth/tokens.py",
    "functions/locations/importing.py",
    "functions/ops/dead_letters.py",
    "functions/runtime/database.py",
)
"""Whose errors and progress commands pass on."""
PASSED_ON = {
    "AlreadyRunningError",
    "CannotStartError",
    "FileRejected",
    "Retry",
    "SigningKeysError",
    "UnknownDeadLetter",
    "report",
    "self.report",
    "platform.report",
}
FOR_DEVELOPERS = re.compile(
    r"Arguments take exactly|Boolean option|Choice\(|Could not determine|Name '\{|No options defined|"
    r"Invalid start|Unknown color|Value must be an iterable|Shell completion|Couldn't detect|%\(prog\)s|\(dynamic\)"
)
"""Texts of click for who writes a command, not for who uses it."""


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def literals(node: ast.expr) -> Iterator[str]:
    """Texts that an expression may be."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from (*literals(node.body), *literals(node.orelse))


def tables_of(path: Path) -> Iterator[str]:
    """Texts in constants of a module that are said by name: `say(STAGES[stage])`, and headings of tables."""
    tree = ast.parse(path.read_text())
    said = {
        name.id
        for function, call in calls(path)
        if function == "say" and call.args
        for name in ast.walk(call.args[0])
        if isinstance(name, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        if node.targets[0].id in said or node.targets[0].id == "columns":
            values = (
                node.value.values
                if isinstance(node.value, ast.Dict)
                else getattr(node.value, "elts", [node.value])
            )
            yield from (text for value in values for text in literals(value))


def said() -> set[str]:
    found = set(COMMANDS.values())
    for path in (ROOT / "cli").glob("*.py"):
        for function, call in calls(path):
            if function in ("say", "words.say"):
                found |= set(literals(call.args[0]))
        found |= set(tables_of(path))
    return found


def helps(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from filter(None, (command.help, command.short_help))
    yield from (each.help for each in command.params if isinstance(each, click.Option) and each.help)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from helps(below, context)


def of_click() -> set[str]:
    found = set()
    for module in words.CLICK:
        for function, call in calls(Path(str(module.__file__))):
            if function in ("_", "ngettext"):
                found |= {text for one in call.args[:2] for text in literals(one)}
    return {text for text in found if not FOR_DEVELOPERS.search(text) and "DeprecationWarning" not in text}


MADE = {
    str(AlreadyRunningError("/home", "http://127.0.0.1:1")),
    str(AlreadyRunningError("/home", "")),
    str(SupervisionLostError("valkey", OSError("gone"))),
    "port 1 is taken; choose another with --port",
    "port 1 is taken by python (pid 1); choose another with --port",
    " by python (pid 1)",
}
"""Texts below that are put together of parts."""


def template(node: ast.expr) -> str:
    """A text with its values, as a text of the catalogue would have to be told."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return "".join(
                str(part.value) if isinstance(part, ast.Constant) else "⟨value⟩" for part in node.values
            )
    return ""


def passed_on() -> set[str]:
    found = set()
    for pattern in BELOW:
        for path in ROOT.glob(pattern):
            for function, call in calls(path):
                if function in PASSED_ON and call.args:
                    found.add(template(call.args[0]))
    return {text for text in found if _is_english(text)} | MADE


def wanted() -> set[str]:
    words.choose("en")
    return said() | set(helps(main, click.Context(main))) | of_click()


def test_every_text_has_its_korean() -> None:
    assert sorted(wanted() - CATALOGUE.keys()) == []


def test_what_packages_below_say_has_its_korean() -> None:
    words.choose("ko")
    assert [text for text in sorted(passed_on()) if words.heard(text) == text] == []


def test_no_korean_is_left_of_a_text_that_is_gone() -> None:
    used, below = wanted(), passed_on()
    assert [
        english for english in CATALOGUE.keys() - used if not any(_fits(english, text) for text in below)
    ] == []


def _fits(english: str, told: str) -> bool:
    """Whether something that was told is that text with values put in."""
    parts = (re.escape(part) for part in re.split(r"{[^}]*}", english))
    return re.fullmatch(".*?".join(parts), told, re.DOTALL) is not None


def test_korean_has_the_values_of_its_english_and_some_korean() -> None:
    assert [text for text, korean in CATALOGUE.items() if names_in(korean) != names_in(text)] == []
    assert [
        text
        for text, korean in CATALOGUE.items()
        if not re.search("[가-힣]", korean) and re.search("[a-z]{3}", re.sub("{[^}]*}", "", text))
    ] == []


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("path", sorted((ROOT / "cli").glob("*.py")), ids=lambda path: path.stem)
def test_nothing_is_shown_in_english_only(path: Path) -> None:
    shown = []
    for function, call in calls(path):
        if function in SPOKEN:
            arguments = [
                *call.args,
                *(each.value for each in call.keywords if each.arg in ("empty", "prompt")),
            ]
            shown += [
                text for each in arguments for text in (template(each), *literals(each)) if _is_english(text)
            ]
    assert sorted(set(shown) - COMMANDS_TO_RUN) == []


COMMANDS_TO_RUN = {
    "chromium",
    "eco2 up",
    "eco2 down",
    "make setup",
    "rabbitmq-server",
    "Python ⟨value⟩",
    "eco2: ⟨value⟩",
    "⟨value⟩: pid ⟨value⟩⟨value⟩",
}
"""What is the same in every language."""


def _is_english(text: str) -> bool:
    return re.search(r"[A-Za-z]{2,}", text.replace("⟨value⟩", "")) is not None


ANSWERS = [
    (["scna"], "'scna' 명령은 없어요. 혹시 scan"),
    (["scan"], "빠진 인자: 'PHOTO'"),
    (["scan", "--bad"], "'--bad' 옵션은 없어요."),
    (["scan", "nothing.jpg", "--url", "ftp://x"], "플랫폼 주소가 아니에요"),
    (["jobs", "--limit", "0"], "1<=x<=100 범위에 있어야 해요"),
    (["jobs", "--limit", "many"], "숫자(integer range)가 아니에요"),
    (["logins", "list", "me"], "UUID가 아니에요"),
    (["logs", "--level", "loud"], "중 하나여야 해요"),
    (["up", "--port", "70000"], "70000번 포트는 없어요"),
    (["up", "--model", "gpt-0"], "'gpt-0' 모델은 없어요"),
    (["invoke", "scan-visoin"], "함수는 없어요; 혹시 scan-vision"),
    (["send", "eco2.scan.clasified"], "이벤트는 없어요; 혹시 eco2.scan.classified"),
    (["send", "eco2.scan.requested", "--data", "{"], "JSON이 아니에요"),
    (["locations", "import", "cli/main.py", "--dry-run"], "열이 아는 형식과 달라요"),
    (["chat", "--at", "here", "말"], "실행 중인 플랫폼이 없어요"),
]


@pytest.mark.parametrize(("arguments", "told"), ANSWERS, ids=lambda each: " ".join(each))
def test_what_goes_wrong_is_told_in_korean(arguments: list[str], told: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["--lang", "ko", *arguments], env={"ECO2_HOME": str(tmp_path), "ECO2_URL": None}
    )
    assert result.exit_code in (1, 2)
    assert told in result.stderr
    assert "Error" not in result.stderr
    assert "Usage" not in result.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["scan"], ["dead-letters"], ["dead-letters", "list"]], ids=" ".join
)
def test_help_is_korean_and_the_next_command_speaks_what_it_is_told(arguments: list[str]) -> None:
    korean = CliRunner().invoke(main, ["--lang", "ko", *arguments, "--help"]).output
    english = CliRunner().invoke(main, ["--lang", "en", *arguments, "--help"]).output
    assert "사용법:" in korean
    assert "도움말을 보여 줍니다" in korean
    assert not re.search(r"\b(the|of|and|with)\b", korean)
    assert "Usage:" in english
    assert not re.search(
        "[가-힣]", english.replace("이코", "").replace("이웃", "").replace("한국환경공단", "")
    )


@pytest.mark.parametrize("columns", [50, 80])
@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_help_fits_the_terminal_by_the_cells_that_korean_takes(name: str | None, columns: int) -> None:
    arguments = ["--lang", "ko", *([name] if name else []), "--help"]
    told = CliRunner().invoke(main, arguments, terminal_width=columns).output.splitlines()
    assert told
    assert not [line for line in told if cell_len(line) > columns and " " in line.strip()]
