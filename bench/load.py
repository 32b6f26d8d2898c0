"""Loads a running platform with scans, in a closed loop (users who start over) or an open one (a rate).

A job is what the web client does: POST the scan, follow its stream to the end, GET the result. It counts as
completed only if the stream is whole and in order and the result is `completed` and equal to the stream's.
Users start spread over `--ramp` seconds: all at once would measure one herd again and again, since every job
of the simulated model takes equally long; a ramp of one job's length spreads them evenly. The rate is that of the
time when all users were busy, latencies are over all jobs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench import plots
from bench.meter import Meter, ProcessUsage
from bench.report import Outcome, Report, as_json, summary
from bench.sse import ScanStream
from bench.users import JSON, Refused, Users, picture
from bench.wire import Browser, Response


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one run: `users` in a closed loop, or `rate` jobs a second over the users in turn.

    It ends after `jobs` jobs or when no job may start any more (`seconds`); jobs under way are finished.
    `identities` above `users`: each user signs in as several in turn, so that limits per account do not bite.
    """

    users: int
    seconds: float
    jobs: int | None = None
    rate: float | None = None
    identities: int = 0
    ramp_s: float = 1.0
    model_s: float = 0.0
    timeout_s: float = 120.0
    label: str = "load"


async def scan(client: Browser, image_url: str, timeout_s: float, due: float | None = None) -> Outcome:
    """Scan once; never raises for what the platform does. `due` is the start that a rate asked for."""
    started = time.monotonic() if due is None else due
    accepted_s = 0.0
    doing = "submit"

    def over(failure: str | None) -> Outcome:
        return Outcome(started, time.monotonic(), accepted_s, failure)

    try:
        body = json.dumps({"image_url": image_url}).encode()
        accepted = await client.request("POST", "/api/v1/scan", body=body, headers=JSON, timeout_s=timeout_s)
        accepted_s = time.monotonic() - started
        if accepted.status != 202:
            return over(refusal("submit", accepted))
        job = json.loads(accepted.body)
        doing = "stream"
        stream = ScanStream(job["job_id"])
        answer = await client.request(
            "GET",
            job["stream_url"],
            headers={"accept": "text/event-stream"},
            sink=stream.feed,
            timeout_s=timeout_s,
        )
        if answer.status != 200:
            return over(refusal("stream", answer))
        if (finding := stream.finding()) is not None:
            return over(finding)
        doing = "result"
        response = await client.request("GET", job["result_url"], timeout_s=timeout_s)
        ended = over(None)
        if response.status != 200:
            return over(f"result {response.status}")
        result = json.loads(response.body)
    except TimeoutError:
        return over(f"{doing} timed out")
    except OSError as lost:
        early = doing == "stream" and getattr(lost, "answered", False)
        return over("stream closed early" if early else f"{doing}: {type(lost).__name__}")
    except (ValueError, KeyError, TypeError):
        return over(f"{doing}: answer not understood")
    if result.get("status") != "completed":
        return over(f"result {result.get('status')} {(result.get('error') or {}).get('code', '')}".strip())
    if result != stream.result:
        return over("result differs from the stream's")
    return ended


def refusal(doing: str, response: Response) -> str:
    """The status of a refusal and, from a problem document, its code."""
    try:
        code = json.loads(response.body)["code"]
    except (ValueError, KeyError, TypeError):
        code = ""
    return f"{doing} {response.status} {code}".strip()


async def submit(client: Browser, image_url: str) -> dict[str, str]:
    """Submit a scan: its job. Raises Refused."""
    body = json.dumps({"image_url": image_url}).encode()
    response = await client.request("POST", "/api/v1/scan", body=body, headers=JSON)
    if response.status != 202:
        raise Refused("scan", response)
    job: dict[str, str] = json.loads(response.body)
    return job


async def run(users: Users, image_url: str, plan: Plan, meter: Meter | None = None) -> Report:
    """Sign in, then measure one plan."""
    clients = await users.signed_in(max(plan.users, plan.identities))
    outcomes: list[Outcome] = []
    left_open = users.left_open
    with meter or contextlib.nullcontext():
        cpu_s = time.process_time()
        drive = _closed if plan.rate is None else _open
        await drive(clients, image_url, plan, outcomes.append)
        cpu_s = time.process_time() - cpu_s
    usage = meter.usage if meter else ProcessUsage()
    generator_cpu_s = cpu_s - usage.meter_cpu_s
    left_open = users.left_open - left_open
    return Report(
        plan.label, plan.users, plan.model_s, plan.ramp_s, outcomes, generator_cpu_s, usage, left_open
    )


async def _closed(
    clients: list[Browser], image_url: str, plan: Plan, keep: Callable[[Outcome], None]
) -> None:
    numbers = itertools.count(1)
    end = time.monotonic() + plan.seconds

    async def user(number: int) -> None:
        await asyncio.sleep(plan.ramp_s * number / plan.users)
        mine = itertools.cycle(clients[number :: plan.users])
        while time.monotonic() < end and (plan.jobs is None or next(numbers) <= plan.jobs):
            outcome = await scan(next(mine), image_url, plan.timeout_s)
            keep(outcome)
            if outcome.failure is not None:
                await asyncio.sleep(0.1)  # a platform that refuses at once is not to be flooded

    async with asyncio.TaskGroup() as group:
        for number in range(plan.users):
            group.create_task(user(number))


async def _open(clients: list[Browser], image_url: str, plan: Plan, keep: Callable[[Outcome], None]) -> None:
    """Run an open loop: starts do not wait for earlier jobs, and a late start counts from when it was due."""
    assert plan.rate is not None
    start = time.monotonic()
    planned = int(plan.seconds * plan.rate)
    count = planned if plan.jobs is None else min(plan.jobs, planned)

    async def job(client: Browser, due: float) -> None:
        keep(await scan(client, image_url, plan.timeout_s, due))

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            due = start + number / plan.rate
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            group.create_task(job(clients[number % len(clients)], due))


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("url", help="where the platform answers, such as http://127.0.0.1:8080")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0, help="no job starts later than this")
    parser.add_argument("--jobs", type=int, help="no more jobs than this")
    parser.add_argument("--rate", type=float, help="jobs a second: an open loop")
    parser.add_argument("--identities", type=int, default=0, help="accounts that the users take turns with")
    parser.add_argument("--ramp", type=float, default=1.0, help="seconds over which the users start")
    parser.add_argument("--model-s", type=float, default=0.0, help="seconds of a job that are the model's")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds for each request of a job")
    parser.add_argument("--pid", type=int, help="the platform's process, to measure its tree")
    parser.add_argument("--home", type=Path, help="the platform's home, to measure detached processes")
    parser.add_argument("--image", type=Path, help="picture to upload (JPEG); drawn if absent")
    parser.add_argument("--image-url", help="picture that is there already")
    parser.add_argument("--json", type=Path, help="file for figures and single outcomes")
    plots.plots_option(parser)
    return parser


async def measure(options: argparse.Namespace) -> Report:
    users = Users(options.url)
    image_url = options.image_url or await users.upload(picture(options.image))
    plan = Plan(
        users=options.users,
        seconds=options.seconds,
        jobs=options.jobs,
        rate=options.rate,
        identities=options.identities,
        ramp_s=options.ramp,
        model_s=options.model_s,
        timeout_s=options.timeout,
    )
    meter = Meter(options.pid, home=options.home) if options.pid else None
    report = await run(users, image_url, plan, meter)
    await users.close()
    return report


def draw(folder: Path, report: Report) -> None:
    """Write load.svg: how long jobs took from submit to answer."""
    took = {report.label: [outcome.ended - outcome.started for outcome in report.completed]}
    plots.save(folder / "load.svg", plots.spread(f"{len(took[report.label])} jobs", "s", took))


def main() -> None:
    options = arguments().parse_args()
    report = uvloop.run(measure(options))
    print(summary([report]))
    if options.json:
        options.json.write_text(json.dumps(as_json(report), indent=1))
    if options.plots and report.completed:
        draw(options.plots, report)


if __name__ == "__main__":
    main()
