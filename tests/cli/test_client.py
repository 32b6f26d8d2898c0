"""What the client makes of answers that are none: one line that says what to do."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import cli.client
from cli.client import Client
from cli.errors import CliError
from cli.scan import result
from embedded.servers.process import free_port

Answer = tuple[int, bytes]


@dataclass
class Scripted:
    """A server that gives these answers in order, the last one again and again."""

    answers: deque[Answer] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    made = Scripted()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            return

        def do_GET(self) -> None:
            made.asked.append(self.path)
            status, body = made.answers.popleft() if len(made.answers) > 1 else made.answers[0]
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_GET

    monkeypatch.setattr(cli.client, "RECONNECT_WAIT_S", 0)
    monkeypatch.setattr(cli.client, "UNAVAILABLE_WAIT_S", 0)
    monkeypatch.setattr("cli.scan.time.sleep", lambda _: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        made.url = f"http://127.0.0.1:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield made
        listening.shutdown()
        thread.join(10)


def test_sign_in_without_a_cookie_asks_for_the_right_address(server: Scripted) -> None:
    server.answers.append((404, b"{}"))
    with pytest.raises(
        CliError, match=r"answered 404; it works where ECO2_ENV=local; is this the right --url"
    ):
        Client(server.url).sign_in("이웃")
    assert server.asked == ["/api/v1/auth/local/login?name=%EC%9D%B4%EC%9B%83"]


def test_a_page_instead_of_json_is_told(server: Scripted) -> None:
    server.answers.append((200, b"<html>"))
    with pytest.raises(CliError, match=r"/api/v1/scan answered no JSON \(status 200\)"):
        Client(server.url).get("/api/v1/scan")


def test_a_problem_that_is_no_object_is_told_as_it_is(server: Scripted) -> None:
    server.answers.append((500, b'"broken"'))
    with pytest.raises(CliError, match="answered 500: broken"):
        Client(server.url).post("/x", {})


def test_a_platform_that_stays_unavailable_is_not_waited_for_for_ever(server: Scripted) -> None:
    server.answers.append((503, b"{}"))
    assert Client(server.url).get("/x") == (503, {})
    assert len(server.asked) == cli.client.UNAVAILABLE_TRIES


def test_an_upload_that_is_refused_says_why(server: Scripted) -> None:
    server.answers.append((403, "서명이 달라요".encode()))
    with pytest.raises(CliError, match="refused with 403: 서명이 달라요"):
        Client(server.url).put(f"{server.url}/objects/a.png?X-Amz-Signature=s", b"x", "image/png")


def test_an_upload_to_nobody_names_the_address() -> None:
    port = free_port()
    with pytest.raises(CliError, match=f"the upload to store.localhost:{port} failed"):
        Client("http://x").put(f"http://store.localhost:{port}/a.png", b"x", "image/png")


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([(500, b"")], "the event stream answered 500"),
        ([(200, b'event: vision\nid: 2\ndata: {"progress": 25}\n\n')], "breaks off again and again"),
    ],
)
def test_a_stream_that_does_not_come_to_its_end_is_told(
    answers: list[Answer], told: str, server: Scripted
) -> None:
    server.answers.extend(answers)
    with pytest.raises(CliError, match=told):
        list(Client(server.url).events("/events"))


def test_a_stream_that_has_ended_meanwhile_is_not_asked_for_again(server: Scripted) -> None:
    server.answers.extend([(200, b'event: vision\ndata: {"progress": 25}\n\n'), (204, b"")])
    assert list(Client(server.url).events("/events")) == [("vision", {"progress": 25})]


def test_a_connection_that_is_lost_is_taken_up_again(server: Scripted) -> None:
    lost = Client(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(CliError, match="breaks off again and again; look at: eco2 doctor"):
        list(lost.events("/events"))


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([(404, b"{}")], "the result answered 404"),
        ([(202, b"{}")], "the job does not end; look at: eco2 jobs"),
    ],
)
def test_a_result_that_does_not_come_is_told(answers: list[Answer], told: str, server: Scripted) -> None:
    server.answers.extend(answers)
    with pytest.raises(CliError, match=told):
        result(Client(server.url), "/result")


def test_a_result_that_comes_late_is_waited_for(server: Scripted) -> None:
    server.answers.extend([(202, b"{}"), (200, b'{"status": "completed"}')])
    assert result(Client(server.url), "/result") == {"status": "completed"}
