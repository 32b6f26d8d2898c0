"""`eco2 chat` against a platform that answers as the contract says."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.chat import position
from cli.main import main
from tests.cli.conftest import CHAT, JOB, FakePlatform

ANSWER = "페트병은 라벨을 떼요."
DONE = ("done", {"status": "completed", "result": {"intent": "waste", "answer": ANSWER}})
TOKENS = [("token", {"content": piece, "seq": n}) for n, piece in enumerate(("페트병은 ", "라벨을 떼요."), 3)]


def eco2(*arguments: object, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=typed)


def test_an_answer_is_shown_as_it_comes(platform: FakePlatform) -> None:
    platform.story = [("intent", {"status": "started", "message": "질문을 이해하고 있어요"}), *TOKENS, DONE]
    result = eco2("chat", "페트병은?", "--url", platform.url, "--at", "37.5,127")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{ANSWER}\n"
    assert result.stderr == "", "no progress into a pipe"
    place = {"latitude": 37.5, "longitude": 127.0}
    assert platform.submitted == [{}, {"message": "페트병은?", "user_location": place}]


def test_a_terminal_sees_what_is_being_done(platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _stream: True)
    platform.story = [("intent", {"status": "started", "message": "질문을 이해하고 있어요"}), *TOKENS, DONE]
    assert "질문을 이해하고 있어요" in eco2("chat", "페트병은?", "--url", platform.url).stderr


def test_an_answer_without_tokens_is_shown_too(platform: FakePlatform) -> None:
    platform.story = [DONE]
    assert eco2("chat", "안녕", "--url", platform.url, "--chat", CHAT).stdout == f"{ANSWER}\n"
    assert platform.submitted == [{"message": "안녕"}]


def test_json_is_one_line_an_answer(platform: FakePlatform) -> None:
    platform.story = [*TOKENS, DONE]
    lines = eco2("chat", "하나", "둘", "--json", "--url", platform.url).stdout.splitlines()
    assert [json.loads(line)["answer"] for line in lines] == [ANSWER, ANSWER]


def test_a_model_that_stood_in_for_another_is_named(platform: FakePlatform) -> None:
    models = {"asked": "gpt-5.2", "intent": "gpt-5.2", "vision": "", "answer": "local"}
    platform.story = [*TOKENS, ("done", {"result": {"answer": ANSWER, "metadata": {"models": models}}})]
    result = eco2("--lang", "ko", "chat", "페트병은?", "--url", platform.url)
    assert result.stdout == f"{ANSWER}\n"
    assert "gpt-5.2 모델이 응답하지 않아 다른 모델(local)이 답했어요" in result.stderr


def test_lines_are_read_until_the_end(platform: FakePlatform, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    platform.story = [*TOKENS, DONE]
    typed = f"\n/at 37.5,127\n/image {picture}\n이건 뭐야\n/at x\n또\n/quit\n"
    result = eco2("chat", "--url", platform.url, typed=typed)
    assert result.exit_code == 0
    assert "37.56,126.97" in result.stderr
    first, second = platform.submitted[1:]
    assert first["image_url"].startswith(platform.url)
    assert "image_url" not in second
    assert second["user_location"] == first["user_location"]


def test_a_picture_needs_no_words(platform: FakePlatform, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    platform.story = [DONE]
    eco2("chat", "--image", picture, "--url", platform.url)
    assert platform.submitted[-1]["message"] == "이 이미지 분류해줘"


def test_a_turn_that_asks_where_is_told_at_once(platform: FakePlatform) -> None:
    platform.story = [("needs_input", {"input_type": "location", "message": "어디?"}), DONE]
    eco2("chat", "근처 가게", "--url", platform.url, "--at", "37.5,127")
    eco2("chat", "근처 가게", "--url", platform.url)
    given = [body["data"] for body in platform.submitted if body.get("type") == "location"]
    assert given == [{"latitude": 37.5, "longitude": 127.0}, {}]


def test_a_failure_is_said_and_exits_with_1(platform: FakePlatform) -> None:
    platform.story = [("error", {"error": "failed", "message": "답변하지 못했어요."})]
    result = eco2("chat", "안녕", "--url", platform.url)
    assert result.exit_code == 1
    assert "답변하지 못했어요." in result.stderr


def test_ctrl_c_stops_the_answer(platform: FakePlatform) -> None:
    platform.story = [*TOKENS[:1], ("hang", {})]
    command = [sys.executable, "-m", "cli.main", "--lang", "ko", "chat", "안녕", "--url", platform.url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.read(5) == "페트병은 "
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "멈췄어요" in told
    assert platform.deleted == [f"/api/v1/chat/{JOB}/run"]


def test_a_position_is_two_numbers() -> None:
    assert position(None) is None
    assert position("37.5, 127") == {"latitude": 37.5, "longitude": 127.0}
    with pytest.raises(Exception, match="latitude and longitude"):
        position("여기")
