"""Log lines are JSON objects with their context, and nothing of a client library's chatter."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from process import logs, tracing


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in logs._CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_has_what_the_pipeline_indexes(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    with tracing.span("work"), logs.about(task_id="job-1", user_id=None):
        logging.getLogger("eco2.scan").info("버린 것 %d개", 3, extra={"duration_ms": 12})
        trace_id = tracing.trace_id()
    (line,) = lines(capsys)
    assert line.pop("timestamp")
    assert line == {
        "level": "INFO",
        "logger": "eco2.scan",
        "message": "버린 것 3개",
        "task_id": "job-1",
        "trace_id": trace_id,
        "duration_ms": 12,
    }


def test_context_ends_with_its_block(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    with logs.about(task_id="job-1"):
        with logs.about(function="scan-vision"):
            logging.warning("inside")
        logging.warning("between")
    logging.warning("outside")
    found = [(line["message"], line.get("task_id"), line.get("function")) for line in lines(capsys)]
    assert found == [("inside", "job-1", "scan-vision"), ("between", "job-1", None), ("outside", None, None)]


def test_an_exception_is_one_line_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.exception("failed")
    (line,) = lines(capsys)
    assert str(line["exception"]).endswith("ValueError: broken")


@pytest.mark.parametrize(("level", "told"), [("DEBUG", ["ours"]), ("ERROR", [])])
def test_libraries_are_quiet_below_warnings(
    level: str, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(level)
    logging.getLogger("openai").info("theirs")
    logging.getLogger("eco2").debug("ours")
    assert [line["message"] for line in lines(capsys)] == told
