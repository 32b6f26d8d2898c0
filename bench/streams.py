"""Measures the delay from a progress event's publication to the browser, with many streams open.

Jobs wait in the model (or before it) while events of our own, each carrying the time it was made, are
published to them. One machine, one monotonic clock; a delay includes the XADD and the generator's queueing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench import plots
from bench.launch import platform
from bench.load import submit
from bench.meter import Meter, ProcessUsage
from bench.relay import Relay, relay
from bench.report import percentile
from bench.sse import EventParser
from bench.users import Users, picture
from bench.wire import Browser, Disconnected

STATUS = "bench-"
HELD_S = 55.0  # the model's answer, just within a stage's time
OPEN_AT_ONCE = 200
PER_USER = 20  # streams of one user

Publish = Callable[[str, str, str], Awaitable[object]]
"""Publish progress of a job: job id, status (new each time), message."""


@dataclass(slots=True)
class OpenStream:
    """One open stream; `delays_s` by the status of the event."""

    job_id: str
    client: Browser
    path: str
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    delays_s: dict[str, float] = field(default_factory=dict)
    repeated: int = 0
    unordered: int = 0
    closed: str = ""
    _last_seq: int = 0
    _parser: EventParser = field(default_factory=EventParser)

    def feed(self, piece: bytes) -> bool:
        now = time.monotonic_ns()
        for name, _, data in self._parser.feed(piece):
            self.opened.set()
            if name == "keepalive":
                continue
            progress = json.loads(data)
            seq = int(progress.get("seq", self._last_seq + 1))
            self.unordered += seq <= self._last_seq
            self._last_seq = seq
            status = str(progress.get("status", ""))
            if status.startswith(STATUS):
                self.repeated += status in self.delays_s
                self.delays_s[status] = (now - int(progress["message"])) / 1e9
        return False

    async def follow(self, timeout_s: float) -> None:
        """Listen until the server ends the stream or the task is cancelled; `closed` says what ended it."""
        try:
            headers = {"accept": "text/event-stream"}
            answer = await self.client.request(
                "GET", self.path, headers=headers, sink=self.feed, timeout_s=timeout_s
            )
            self.closed = "ended" if answer.status == 200 else f"stream {answer.status}"
        except (Disconnected, OSError, TimeoutError) as lost:
            self.closed = type(lost).__name__
        finally:
            self.opened.set()


async def submitted(users: Users, image_url: str, streams: int) -> list[OpenStream]:
    """Submit so many jobs of several users, each with a stream to open."""
    clients = await users.signed_in(-(-streams // PER_USER))
    listeners: list[OpenStream] = []
    for client, _ in zip(itertools.cycle(clients), range(streams), strict=False):
        job = await submit(client, image_url)
        listeners.append(OpenStream(job["job_id"], client, job["stream_url"]))
    return listeners


async def measure(
    listeners: list[OpenStream],
    publish: Publish,
    *,
    rate: float,
    seconds: float,
    wait_s: float = 5.0,
    meter: Meter | None = None,
) -> dict[str, Any]:
    """Open every stream, publish `rate` events a second at random, wait (`wait_s`) for what is under way."""
    tasks: list[asyncio.Task[None]] = []
    began = time.monotonic()
    async with asyncio.timeout(300.0):
        for first in range(0, len(listeners), OPEN_AT_ONCE):
            batch = listeners[first : first + OPEN_AT_ONCE]
            tasks += [asyncio.create_task(listener.follow(600.0)) for listener in batch]
            for listener in batch:
                await listener.opened.wait()
    open_s = time.monotonic() - began
    chosen = random.Random(7)
    sent: dict[str, OpenStream] = {}
    publishing: list[asyncio.Task[object]] = []
    with meter or contextlib.nullcontext():
        cpu_s, start = time.process_time(), time.monotonic()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(start + number / rate - time.monotonic(), 0.0))
            listener = chosen.choice(listeners)
            status = f"{STATUS}{number}"
            sent[status] = listener
            made = publish(listener.job_id, status, str(time.monotonic_ns()))
            publishing.append(asyncio.ensure_future(made))
        await asyncio.gather(*publishing)
        for _ in range(int(wait_s / 0.05)):
            if not lost(sent):
                break
            await asyncio.sleep(0.05)
        cpu_s = time.process_time() - cpu_s
    closed = [listener.closed for listener in listeners if listener.closed]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    usage = meter.usage if meter else ProcessUsage()
    delays = sorted(delay for listener in listeners for delay in listener.delays_s.values())
    events = max(len(delays), 1)
    return {
        "streams": len(listeners),
        "opened_in_s": round(open_s, 2),
        "closed_early": {reason: closed.count(reason) for reason in sorted(set(closed))},
        "published": len(sent),
        "lost": lost(sent),
        "repeated": sum(listener.repeated for listener in listeners),
        "unordered": sum(listener.unordered for listener in listeners),
        **{f"delay_p{p}_ms": round(1000 * percentile(delays, p), 2) for p in (50, 95, 99, 100)},
        "platform_cpu_ms_per_event": round(1000 * usage.cpu_s / events, 3),
        "generator_cpu_ms_per_event": round(1000 * (cpu_s - usage.meter_cpu_s) / events, 3),
        "platform_cpu_s_by_process": {name: round(cpu_s, 2) for name, cpu_s in usage.by_label.items()},
        "peak_pss_mib": round(usage.peak_pss / 2**20, 1),
        "delays_ms": [round(1000 * delay, 2) for delay in delays],
    }


def draw(folder: Path, figures: Mapping[str, Any]) -> None:
    """Write streams.svg: how long events take from their publication to the browser."""
    name = f"{figures['streams']:,} streams, {figures['published']:,} events"
    plots.save(
        folder / "streams.svg",
        plots.spread(f"Published → browser: {name}", "ms", {name: figures["delays_ms"]}),
    )


def lost(sent: Mapping[str, OpenStream]) -> int:
    """The number of events that did not come although their stream is open."""
    return sum(status not in listener.delays_s and not listener.closed for status, listener in sent.items())


async def through_redis(url: str, domain: str = "scan") -> tuple[Publish, Callable[[], Awaitable[object]]]:
    """A function that publishes as stages do, and one that closes it."""
    from redis.asyncio import Redis

    from eventing.progress.events import Progress
    from eventing.progress.streams import ProgressStreams

    redis = Redis.from_url(url)
    streams = ProgressStreams(redis, domain)

    async def publish(job_id: str, status: str, message: str) -> object:
        return await streams.publish(Progress(job_id, "vision", status, progress=0, message=message))

    return publish, redis.aclose


async def against(
    url: str, redis_url: str, options: argparse.Namespace, meter: Meter | None
) -> dict[str, Any]:
    """Measure a running platform whose model takes long enough to keep the jobs waiting."""
    users = Users(url)
    publish, close = await through_redis(redis_url)
    try:
        listeners = await submitted(users, await users.upload(picture()), options.streams)
        return await measure(listeners, publish, rate=options.rate, seconds=options.seconds, meter=meter)
    finally:
        await users.close()
        await close()


async def relay_alone(running: Relay, options: argparse.Namespace, meter: Meter) -> dict[str, Any]:
    """Measure router and gateway with streams of jobs that exist in Redis only."""
    address = urlsplit(running.url)
    clients = [
        Browser(address.hostname or "", address.port or 0) for _ in range(options.streams // PER_USER + 1)
    ]
    publish, close = await through_redis(running.redis_url)
    try:
        listeners = []
        for number in range(options.streams):
            job_id, client = str(uuid.uuid4()), clients[number // PER_USER]
            await publish(job_id, "started", "")
            listeners.append(OpenStream(job_id, client, f"/events/{job_id}"))
        return await measure(listeners, publish, rate=options.rate, seconds=options.seconds, meter=meter)
    finally:
        for client in clients:
            await client.close()
        await close()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.streams", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=500.0, help="events a second over all streams")
    parser.add_argument("--seconds", type=float, default=20.0, help="of publishing")
    parser.add_argument("--relay", action="store_true", help="router and gateway alone, without a platform")
    parser.add_argument("--url", help="a running platform; one is started if absent")
    parser.add_argument("--redis", help="the Redis of its progress streams; needed with --url")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="setting of the platform"
    )
    parser.add_argument("--json", type=Path)
    plots.plots_option(parser)
    options = parser.parse_args()
    if options.relay:
        with relay() as alone:
            meter = Meter(os.getpid(), without=[os.getpid()])
            figures = uvloop.run(relay_alone(alone, options, meter))
    elif options.url:
        figures = uvloop.run(against(options.url, options.redis or "redis://127.0.0.1:6379", options, None))
    else:
        held = {"ECO2_SIMULATED_VISION_S": f"{HELD_S:g}", "ECO2_SIMULATED_ANSWER_S": "0"}
        patient = {
            "ECO2_SCAN_OVERDUE_S": "3000",
            "ECO2_SCAN_DEADLINE_S": "3600",
            "ECO2_SCAN_USER_JOBS": "100000",
            "ECO2_SCAN_USER_STREAMS": "100000",
        }  # jobs wait for the model in turn
        settings = held | patient | dict(pair.split("=", 1) for pair in options.set)
        with platform(settings=settings) as running:
            redis_url = running.setting("ECO2_REDIS_STREAMS_URL")
            if redis_url is None:
                raise SystemExit("no process of the platform has ECO2_REDIS_STREAMS_URL")
            meter = Meter(running.pid, home=running.home)
            figures = uvloop.run(against(running.url, redis_url, options, meter))
    for name, value in figures.items():
        if name != "delays_ms":
            print(f"* {name}: {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))
    if options.plots and figures["delays_ms"]:
        draw(options.plots, figures)
    return int(bool(figures["lost"] or figures["repeated"] or figures["unordered"]))


if __name__ == "__main__":
    sys.exit(main())
