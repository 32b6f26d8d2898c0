"""`eco2 scan` and `eco2 jobs` against a platform that answers as the contract says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import photo
from cli.demo import PHOTO
from cli.main import main
from tests.cli.conftest import JOB, FakePlatform

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


@pytest.fixture(autouse=True)
def korean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hints in Korean, whatever this terminal's locale."""
    monkeypatch.setenv("ECO2_LANG", "ko")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "bottle.png"
    path.write_bytes(PNG)
    return path


def eco2(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env={"COLUMNS": "100"})


def test_a_photo_goes_all_the_way(platform: FakePlatform, picture: Path) -> None:
    result = eco2("scan", picture, "--url", platform.url, "--text", "이거 어떻게 버려요?")
    assert result.exit_code == 0, result.output
    assert list(platform.uploads.values()) == [("image/png", PNG)]
    assert platform.submitted == [
        {"image_url": f"{platform.url}/objects/eco2-images/photo.png", "user_input": "이거 어떻게 버려요?"}
    ]
    for text in ("재활용폐기물 › 무색페트병 › 음료수병", "1. 내용물을 비웁니다", "뚜껑이 닫혀 있어요"):
        assert text in result.output
    for text in ("[투명] 페트병이에요", "무색페트병 · 배출요령 (환경부)", "페티", "새 캐릭터"):
        assert text in result.output


def test_json_is_the_results_body(platform: FakePlatform, picture: Path) -> None:
    result = eco2("scan", picture, "--url", platform.url, "--json")
    assert json.loads(result.stdout) == platform.result


def test_a_broken_stream_is_taken_up_where_it_was(platform: FakePlatform, picture: Path) -> None:
    platform.break_once = True
    assert eco2("scan", picture, "--url", platform.url).exit_code == 0
    assert platform.last_event_ids == [None, "2"]


def test_a_platform_that_restarts_is_waited_for(platform: FakePlatform, picture: Path) -> None:
    platform.unavailable = 2
    assert eco2("scan", picture, "--url", platform.url, "--json").exit_code == 0
    assert platform.unavailable == 0


def test_a_failed_job_says_why_and_exits_with_1(platform: FakePlatform, picture: Path) -> None:
    error = {"code": "IMAGE_UNREADABLE", "message": "사진을 읽을 수 없어요"}
    platform.result |= {"status": "failed", "pipeline_result": None, "error": error}
    result = eco2("scan", picture, "--url", platform.url)
    assert result.exit_code == 1
    assert "사진을 읽을 수 없어요 (IMAGE_UNREADABLE)" in result.output


def test_a_wrong_model_is_one_line(platform: FakePlatform, picture: Path) -> None:
    platform.submit_status = 400
    result = eco2("scan", picture, "--url", platform.url, "--model", "nope")
    assert result.exit_code == 1
    assert result.stderr.strip() == "eco2: 플랫폼이 400 상태로 답했어요: Unsupported model: nope"


def test_what_is_no_photo_is_one_line(tmp_path: Path, platform: FakePlatform) -> None:
    text = tmp_path / "a.jpg"
    text.write_text("hello")
    for path, said in ((text, "사진 파일이 아니에요"), (tmp_path / "none.jpg", "읽을 수 없어요")):
        result = eco2("scan", path, "--url", platform.url)
        assert result.exit_code == 1
        assert said in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1


def test_jobs_are_listed(platform: FakePlatform) -> None:
    result = eco2("jobs", "--url", platform.url)
    assert result.exit_code == 0, result.output
    assert JOB in result.output
    assert "무색페트병" in result.output


def test_the_demo_has_a_photo() -> None:
    content, kind = photo.read(PHOTO)
    assert photo.content_type(content) == kind == "image/jpeg"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"GIF89a...", "image/gif"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic....", "image/heic"),
        (b"<svg>", None),
        (b"", None),
    ],
)
def test_the_type_is_told_by_content(content: bytes, kind: str | None) -> None:
    assert photo.content_type(content) == kind


def test_who_leaves_a_scan_is_told_how_to_find_it_again(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.client.Client.events", interrupted)
    arguments = ["--lang", "en", "scan", "cli/samples/glass-bottle.jpg", "--url", platform.url]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 130
    assert f"job {JOB} goes on" in result.stderr
    assert f"eco2 jobs show {JOB}" in result.stderr
    assert f"eco2 jobs cancel {JOB}" in result.stderr
