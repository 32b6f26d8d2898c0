"""A small platform that answers as the contract says, for commands to talk to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cli import words

CHAT = "2b1f0d5e-0000-4000-8000-00000000c4a7"
JOB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
RESULT: dict[str, Any] = {
    "task_id": JOB,
    "status": "completed",
    "message": "완료",
    "pipeline_result": {
        "classification_result": {
            "classification": {
                "major_category": "재활용폐기물",
                "middle_category": "무색페트병",
                "minor_category": "음료수병",
            }
        },
        "disposal_rules": {"name": "무색페트병", "source": [{"title": "배출요령", "publisher": "환경부"}]},
        "final_answer": {
            "disposal_steps": {"1": "내용물을 비웁니다", "2": "라벨을 뗍니다"},
            "insufficiencies": ["뚜껑이 닫혀 있어요"],
            "user_answer": "[투명] 페트병이에요",
        },
    },
    "reward": {
        "name": "페티",
        "dialog": "반가워!",
        "match_reason": "",
        "type": "무색페트병",
        "already_owned": False,
    },
    "error": None,
}


@dataclass
class FakePlatform:
    """What it was asked, and what it answers."""

    url: str = ""
    uploads: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    submitted: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=lambda: dict(RESULT))
    submit_status: int = 202
    break_once: bool = False
    unavailable: int = 0
    story: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    last_event_ids: list[str | None] = field(default_factory=list)


def handler(platform: FakePlatform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            return

        def answer(self, status: int, body: object, *headers: tuple[str, str]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in (*headers, ("Content-Length", str(len(content)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def signed_in(self) -> bool:
            return "s_access=token" in self.headers.get("Cookie", "")

        def do_GET(self) -> None:
            if platform.unavailable:
                platform.unavailable -= 1
                self.answer(503, {"detail": "starting"}, ("Retry-After", "1"))
            elif self.path.startswith("/api/v1/auth/local/login?name="):
                self.answer(302, None, ("Location", "/"), ("Set-Cookie", "s_access=token; HttpOnly; Path=/"))
            elif not self.signed_in():
                self.answer(401, {"detail": "Sign in first"})
            elif self.path.startswith("/api/v1/chat/"):
                self.tell()
            elif self.path.endswith("/events"):
                self.events()
            elif self.path.endswith("/result"):
                self.answer(200, platform.result)
            else:
                row: dict[str, Any] = {
                    "job_id": JOB,
                    "status": "completed",
                    "created_at": "2026-11-01T10:00:00+09:00",
                }
                row |= {"categories": {"middle_category": "무색페트병"}, "reward": {"name": "페티"}}
                self.answer(200, {"scans": [row], "next_cursor": None})

        def tell(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for event, data in platform.story:
                if event == "hang":
                    platform.stopped.wait(30)
                    return
                self.wfile.write(f"event: {event}\nid: 3\ndata: {json.dumps(data)}\n\n".encode())

        def do_DELETE(self) -> None:
            platform.deleted.append(self.path)
            platform.stopped.set()
            self.answer(200, None)

        def events(self) -> None:
            platform.last_event_ids.append(self.headers.get("Last-Event-ID"))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            if platform.break_once:
                platform.break_once = False
                self.wfile.write(b'event: vision\nid: 2\ndata: {"progress":25}\n\nevent: ru')
                return
            for stage, progress in (("queued", 0), ("keepalive", None), ("vision", 25), ("done", 100)):
                data = json.dumps({"stage": stage, "progress": progress})
                self.wfile.write(f"event: {stage}\nid: 3\ndata: {data}\n\n".encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.signed_in():
                self.answer(401, {"detail": "Sign in first"})
            elif self.path.startswith("/api/v1/chat"):
                platform.submitted.append(body)
                self.answer(202, {"id": CHAT, "job_id": JOB})
            elif self.path in ("/api/v1/images/scan", "/api/v1/images/chat"):
                place = f"{platform.url}/objects/eco2-images/{body['filename']}"
                self.answer(200, {"upload_url": f"{place}?X-Amz-Signature=s", "cdn_url": place})
            elif platform.submit_status != 202:
                self.answer(platform.submit_status, {"detail": "Unsupported model: nope"})
            else:
                platform.submitted.append(body)
                base = f"/api/v1/scan/{JOB}"
                self.answer(
                    202, {"job_id": JOB, "stream_url": f"{base}/events", "result_url": f"{base}/result"}
                )

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            platform.uploads[self.path] = (self.headers["Content-Type"], content)
            self.answer(200, None)

    return Handler


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    made = FakePlatform()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(made)) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join(10)


@pytest.fixture(autouse=True)
def nothing_chosen() -> Iterator[None]:
    """Whatever language a test chose, the next one speaks what its environment says."""
    yield
    words.choose(None)
