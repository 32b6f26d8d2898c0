"""Commands against a platform that runs: what a developer and an operator do all day."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from tests.end_to_end.platform import Platform, running

WITHIN_S = 30.0
PHOTO = "cli/samples/glass-bottle.jpg"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(processes=1) as started:
        yield started


@pytest.fixture
def eco2(platform: Platform) -> Callable[..., Result]:
    """A command, told the platform's home."""

    def run(*arguments: object, code: int = 0, **options: Any) -> Result:
        text = [str(argument) for argument in arguments]
        at = ["--home", str(platform.home.folder)]
        result = CliRunner().invoke(main, [*text, *at], env={"ECO2_URL": None, "ECO2_LANG": "en"}, **options)
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    return run


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that takes its time."""
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.1)


def scanned(eco2: Callable[..., Result]) -> str:
    body = json.loads(eco2("scan", PHOTO, "--json").output)
    return str(body["task_id"])


def test_a_scan_is_listed_and_shown(eco2: Callable[..., Result]) -> None:
    job = scanned(eco2)
    assert job in [each["job_id"] for each in json.loads(eco2("jobs", "--json").output)]
    assert job in eco2("jobs").output
    assert json.loads(eco2("jobs", "show", job, "--json").output)["task_id"] == job
    assert "How to dispose of it" in eco2("jobs", "show", job).output
    assert f"{job} is completed" in eco2("jobs", "cancel", job).output
    assert json.loads(eco2("jobs", "cancel", job, "--json").output) == {"job_id": job, "status": "completed"}
    assert json.loads(eco2("jobs", "retry", job, "--json").output)["job_id"] != job
    assert "no job" in eco2("jobs", "show", uuid4(), code=1).stderr
    assert "no job" in eco2("jobs", "retry", uuid4(), code=1).stderr
    again = eco2("jobs", "retry", job).output
    assert "began with the same picture" in again
    assert again.split()[0] != job


def test_the_events_of_a_job_are_its_deliveries_and_its_course(eco2: Callable[..., Result]) -> None:
    job = scanned(eco2)
    until(lambda: "→ scan-record" in eco2("events", "--job", job, "--last", "1000").output)
    told = eco2("events", "--job", job, "--last", "1000").output
    for function in ("scan-vision", "scan-rule", "scan-answer", "scan-reward"):
        assert f"→ {function} 200" in told
    assert "accepted, completed" in told
    assert "  vision " in told
    found = [json.loads(line) for line in eco2("events", "--job", job, "--json").output.splitlines()]
    assert {each["subject"] for each in found} == {job}
    assert [each["at"] for each in found] == sorted(each["at"] for each in found)
    unknown = eco2("events", "--job", "nothing", code=1)
    assert unknown.stderr == "eco2: nothing is known of job nothing; see: eco2 jobs (and --user)\n"
    only = eco2("events", "--type", "scan.completed", "--last", "1").output
    assert len(only.splitlines()) == 1
    assert eco2("events", "--last", "0").output == ""
    assert "ops.sweep" not in eco2("events", "--last", "1000").output
    until(lambda: "ops.sweep" in eco2("events", "--clocks", "--last", "1000").output)


def test_an_event_is_sent_if_it_keeps_to_its_schema(eco2: Callable[..., Result]) -> None:
    sent = json.loads(eco2("send", "eco2.ops.sweep.requested", "--json").output)
    until(lambda: sent["id"] in eco2("events", "--clocks", "--json", "--last", "1000").output)
    assert "there is no event type eco2.no.such.thing" in eco2("send", "eco2.no.such.thing", code=1).stderr
    refused = eco2("send", "eco2.scan.requested", "--data", "{}", code=1).stderr
    assert "job_id: Field required" in refused
    assert "--data is no JSON" in eco2("send", "eco2.ops.sweep.requested", "--data", "{", code=1).stderr
    eco2("send", "eco2.ops.sweep.requested", "--data", "-", input="{}")
    assert (
        "--data is no JSON" in eco2("send", "eco2.ops.sweep.requested", "--data", "@/no/file", code=1).stderr
    )


def test_a_dead_letter_says_why_and_can_be_discarded(eco2: Callable[..., Result]) -> None:
    subject = str(uuid4())
    eco2("send", "eco2.scan.classified", "--unchecked", "--data", '{"x": 1}', "--subject", subject)
    until(lambda: subject in eco2("dead-letters", "list", "--json").output)
    (letter,) = [
        each
        for each in json.loads(eco2("dead-letters", "list", "--json").output)
        if each["subject"] == subject
    ]
    shown = eco2("dead-letters", "show", letter["id"]).output
    assert f"failed at scan-rule with {letter['error_code']}" in shown
    assert letter["reason"]
    assert letter["reason"][:40] in shown
    assert json.loads(eco2("dead-letters", "show", letter["id"], "--json").output)["data"] == '{"x": 1}'
    assert "goes on: dead letter" in eco2("jobs", "retry", subject).output
    sent = json.loads(eco2("dead-letters", "replay", letter["id"], "--json").output)
    assert sent == {"sent": [letter["id"]]}
    assert eco2("dead-letters", "discard", letter["id"]).output == "discarded 1\n"
    assert "none of them" in eco2("dead-letters", "discard", letter["id"], code=1).stderr


def test_a_function_is_called_by_http(eco2: Callable[..., Result]) -> None:
    called = eco2("invoke", "scan-categories")
    assert [each["id"] for each in json.loads(called.stdout)] == ["recyclable", "general", "food", "bulky"]
    assert "GET /api/v1/scan/categories 200" in called.stderr
    whole = json.loads(eco2("invoke", "scan-categories", "--json").stdout)
    assert whole == {"status": 200, "body": json.loads(called.stdout)}
    missing = eco2("invoke", "scan-result", "-p", f"job_id={uuid4()}", code=1)
    assert json.loads(missing.stdout)["code"] == "JOB_NOT_FOUND"
    assert "needs job_id" in eco2("invoke", "scan-result", code=1).stderr
    page = json.loads(eco2("invoke", "scan-history", "-p", "limit=1").stdout)
    assert set(page) == {"scans", "next_cursor"}
    changed = eco2("invoke", "users-update", "--data", '{"nickname": "새 이름"}')
    assert json.loads(changed.stdout)["nickname"] == "새 이름"


def test_a_function_is_called_with_an_event(eco2: Callable[..., Result]) -> None:
    assert "scan-sweep 20" in eco2("invoke", "scan-sweep").stderr
    assert json.loads(eco2("invoke", "scan-sweep", "--json").stdout)["status"] in (200, 202, 204)
    refused = eco2("invoke", "scan-rule", "--data", "{}", "--subject", uuid4(), code=1)
    assert "scan-rule 4" in refused.stderr
    assert "takes any event" in eco2("invoke", "ops-quarantine", code=1).stderr
    assert "it runs all the time" in eco2("invoke", "stream-router", code=1).stderr
    assert "no function 'no-such'" in eco2("invoke", "no-such", code=1).stderr


def test_logs_are_those_of_a_function_or_of_a_process(
    eco2: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    eco2("invoke", "scan-result", "-p", f"job_id={uuid4()}", code=1)
    until(lambda: "JOB_NOT_FOUND 404" in eco2("logs", "scan-result").output)
    lines = [json.loads(line) for line in eco2("logs", "scan-result", "--json").output.splitlines()]
    assert {line["function"] for line in lines} == {"scan-result"}
    assert {json.loads(line)["process"] for line in eco2("logs", "broker", "--json").output.splitlines()} == {
        "broker"
    }
    assert "JOB_NOT_FOUND" not in eco2("logs", "scan-result", "--level", "error").output
    assert len(eco2("logs", "--last", "3").output.splitlines()) >= 3
    beats = iter((lambda: eco2("invoke", "scan-result", "-p", f"job_id={uuid4()}", code=1), lambda: None))

    def pause(_seconds: float) -> None:
        beat = next(beats, None)
        if beat is None:
            raise KeyboardInterrupt
        beat()

    monkeypatch.setattr("cli.logs.time.sleep", pause)
    assert "JOB_NOT_FOUND 404" in eco2("logs", "scan-result", "--follow", "--last", "0").output


def test_without_a_home_there_are_no_logs(tmp_path: object) -> None:
    result = CliRunner().invoke(main, ["logs", "--home", f"{tmp_path}/none"])
    assert result.exit_code == 1
    assert "there are no logs in" in result.stderr


def test_the_state_of_a_home_is_told(eco2: Callable[..., Result], platform: Platform) -> None:
    told = eco2("status").output
    assert f"{platform.url} is ready" in told
    assert "model simulated, broker embedded, since 20" in told
    assert json.loads(eco2("status", "--json").output)["ready"] is True
    assert {each["ok"] for each in json.loads(eco2("doctor", "--json").output)} <= {True, None}
    functions = json.loads(CliRunner().invoke(main, ["functions", "--json"]).output)
    assert {"function": "scan-rule", "triggered_by": "eco2.scan.classified"}.items() <= next(
        each for each in functions if each["function"] == "scan-rule"
    ).items()


def test_an_address_may_be_a_host_and_a_port(eco2: Callable[..., Result], platform: Platform) -> None:
    bare = platform.url.removeprefix("http://")
    result = CliRunner().invoke(main, ["jobs", "--url", bare])
    assert result.exit_code == 0, result.stderr
    wrong = CliRunner().invoke(main, ["jobs", "--url", "ftp://x"])
    assert "is no address of a platform" in wrong.stderr
