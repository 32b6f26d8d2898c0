"""A tiny server that follows the HTTP contract for sign-in, upload and scan, and can be told to break it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.scan_line import STEPS

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class TinyPlatform:
    """`faults` maps the number of a job (from 0) to what goes wrong with it; other jobs are right."""

    faults: dict[int, str] = field(default_factory=dict)
    stage_s: float = 0.0
    close_after_answer: bool = False
    refused: str = "nothing"
    held: bool = False
    unlucky: Callable[[int], bool] = lambda seq: False
    url: str = ""
    sign_ins: list[str] = field(default_factory=list)
    submitters: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    opened: int = 0
    stored: bytes = b""

    def __post_init__(self) -> None:
        self._numbers = itertools.count()
        self._seqs = itertools.count(2)
        self._jobs: dict[str, int] = {}
        self._held: dict[str, asyncio.Queue[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[TinyPlatform]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0)  # transports close in the next turn

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.addresses.add(writer.get_extra_info("peername")[0])
        task = asyncio.get_running_loop().create_task(self._connection(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for _ in range(100_000):
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, path, _ = head.split("\r\n", 1)[0].split(" ")
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                await self._answer(method, path, headers, body, writer)
                await writer.drain()
                if self.close_after_answer or writer.is_closing():
                    writer.close()
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if not writer.is_closing():
                writer.transport.abort()

    async def _answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        if path.startswith(self.refused):
            _json(writer, 500, {"code": "BROKEN"})
        elif path == "/health/ready":
            _respond(writer, 200, b"")
        elif path.startswith("/api/v1/auth/local/login"):
            name = path.partition("name=")[2]
            self.sign_ins.append(name)
            cookies = [
                ("Set-Cookie", f"{kind}={kind}-{name}; Path=/; HttpOnly")
                for kind in ("s_refresh", "s_access")
            ]
            _respond(writer, 302, b"", [("Location", "/#/home"), *cookies])
        elif path == "/api/v1/images/scan":
            _json(writer, 200, {"upload_url": f"{self.url}/put/1?sig=x", "cdn_url": f"{self.url}/images/1"})
        elif path.startswith("/put/"):
            self.stored = body
            _respond(writer, 200, b"")
        elif not headers.get("cookie", "").startswith("s_access="):
            _json(writer, 401, {"code": "UNAUTHORIZED"})
        elif method == "POST":
            number = next(self._numbers)
            self.submitters.add(headers["cookie"])
            job_id = f"job-{number}"
            self._jobs[job_id] = number
            if self.faults.get(number) == "submit 503":
                _json(writer, 503, {"code": "BROKER"})
                return
            path = f"/api/v1/scan/{job_id}"
            _json(
                writer,
                202,
                {"job_id": job_id, "stream_url": f"{path}/events", "result_url": f"{path}/result"},
            )
        else:
            job_id, what = path.split("/")[-2:]
            fault = self.faults.get(self._jobs[job_id], "")
            if what == "events":
                await self._stream(job_id, fault, writer)
            else:
                self._result(job_id, fault, writer)

    def _result(self, job_id: str, fault: str, writer: asyncio.StreamWriter) -> None:
        if fault == "result 202":
            _json(writer, 202, {"status": "processing"})
        elif fault == "failed":
            _json(writer, 200, {"task_id": job_id, "status": "failed", "error": {"code": "MODEL_DOWN"}})
        else:
            _json(writer, 200, result(job_id) | ({"message": "other"} if fault == "other result" else {}))

    async def _stream(self, job_id: str, fault: str, writer: asyncio.StreamWriter) -> None:
        if fault == "silent":
            await asyncio.Event().wait()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        if self.held:
            await self._hold(job_id, writer)
        for piece in broken(list(events(job_id)), fault):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await asyncio.sleep(self.stage_s)
        if fault == "early close":
            writer.close()
        elif fault != "left open":
            writer.write(b"0\r\n\r\n")

    async def _hold(self, job_id: str, writer: asyncio.StreamWriter) -> None:
        queue = self._held.setdefault(job_id, asyncio.Queue())
        piece = event(job_id, 1, "queued", "started")
        for _ in range(100_000):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            piece = await queue.get()

    async def publish(self, job_id: str, status: str, message: str) -> None:
        """Progress of a held job, as a stage publishes it; what `unlucky` accepts is not sent."""
        seq = next(self._seqs)
        if not self.unlucky(seq):
            self._held.setdefault(job_id, asyncio.Queue()).put_nowait(
                event(job_id, seq, "vision", status, message=message)
            )


def result(job_id: str) -> dict[str, Any]:
    return {
        "task_id": job_id,
        "status": "completed",
        "pipeline_result": {"final_answer": "씻어서" * 50},
        "reward": None,
    }


def event(job_id: str, seq: int, stage: str, status: str, **more: Any) -> bytes:
    data = {"job_id": job_id, "stage": stage, "status": status, "seq": seq, "ts": "", "progress": 0} | more
    return f"event: {stage}\nid: {seq}\ndata: {json.dumps(data)}\n\n".encode()


def events(job_id: str) -> Iterable[bytes]:
    for seq, (stage, status) in enumerate(STEPS, 1):
        yield event(job_id, seq, stage, status, result=result(job_id) if stage == "done" else None)


def broken(pieces: list[bytes], fault: str) -> list[bytes]:
    """The same events with one thing wrong."""
    match fault:
        case "missing":
            return pieces[:4] + pieces[5:]
        case "duplicate":
            return [*pieces[:4], pieces[3], *pieces[4:]]
        case "swapped":
            return [*pieces[:3], pieces[4], pieces[3], *pieces[5:]]
        case "early close":
            return pieces[:6]
        case "error":
            return [*pieces[:3], b'event: error\nid: 4\ndata: {"error": "provider", "stage": "vision"}\n\n']
        case "failed" | "":
            return pieces
        case "skipped stage":
            return [p.replace(b"rule", b"other") for p in pieces]
    return pieces


def _json(writer: asyncio.StreamWriter, status: int, body: dict[str, Any]) -> None:
    _respond(writer, status, json.dumps(body).encode(), [("Content-Type", "application/json")])


def _respond(
    writer: asyncio.StreamWriter, status: int, body: bytes, headers: Iterable[tuple[str, str]] = ()
) -> None:
    lines = [
        f"HTTP/1.1 {status} x",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


async def serve(port: int, stage_s: float) -> None:
    async with TinyPlatform(stage_s=stage_s).running(port):
        await asyncio.Event().wait()


if __name__ == "__main__":  # takes the arguments of `eco2 up`
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--stage-s", type=float, default=0.0)
    given, _ = arguments.parse_known_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.port, given.stage_s))
