"""Measures the time per hop of a scan: embedded broker, RabbitMQ without Kubernetes, real Knative if one runs here.

All from one clock, PostgreSQL's, in the rows that the stages keep anyway: a stage's event is out when its output is
stored, the next one's handler is entered when it has claimed its stage. So a hop has in it what lies between the two:
a commit, the reply, the broker, the delivery, and a statement. When warm, the simulated model answers at once; cold
scans ask the platform's own model, which they have to load, and upload their photo first, as the web client does: what
hands out the upload wakes the stages.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import uvloop

from bench import plots
from bench.launch import platform
from bench.report import percentile, table
from bench.users import JSON, Refused, Users, picture
from bench.wire import Browser
from functions.scan import pipeline

STAGES = tuple(pipeline.STAGES)
HOPS = tuple(f"{one} → {next}" for one, next in pairwise(("submit", *STAGES, "record")))
WARM_UP_JOBS = 5
DONE_S, ZERO_S = 60.0, 300.0
WARM_MODEL = "simulated"
ON_THE_WAY = (
    "auth-authorize",
    "images-upload",
    "scan-submit",
    *(f"scan-{stage}" for stage in STAGES),
    "scan-record",
)
"""What a scan starts. Not what clocks start: waiting for those to go means to meet the next tick with its pods."""
_ROWS = """
SELECT j.created_at, j.ended_at, s.stage, s.started_at, s.finished_at
FROM scan.jobs j JOIN scan.stage_results s ON s.job_id = j.id WHERE j.id = %s
"""


@dataclass(frozen=True, slots=True)
class Job:
    """The times of one scan, in seconds.

    To upload its photo (0 where it was there), until it was accepted, between stages (as `HOPS`) and within them; from
    the scan's request until it was done.
    """

    uploaded_s: float
    accepted_s: float
    hops_s: tuple[float, ...]
    stages_s: tuple[float, ...]
    whole_s: float

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Job:
        """A job from decoded JSON."""
        return cls(
            found["uploaded_s"],
            found["accepted_s"],
            tuple(found["hops_s"]),
            tuple(found["stages_s"]),
            found["whole_s"],
        )

    @property
    def out_s(self) -> tuple[float, ...]:
        """Seconds of each stage from the event of the one before to its own."""
        return tuple(hop + stage for hop, stage in zip(self.hops_s, self.stages_s, strict=False))


@dataclass(slots=True)
class Measured:
    """One platform's jobs, those that found no pods apart."""

    name: str
    warm: list[Job] = field(default_factory=list)
    cold: list[Job] = field(default_factory=list)

    @classmethod
    def read(cls, text: str) -> Measured:
        """Jobs that `write` wrote."""
        document = json.loads(text)
        return cls(
            document["name"], *([Job.of(each) for each in document[kind]] for kind in ("warm", "cold"))
        )

    def write(self) -> str:
        """Write the jobs as JSON."""
        return json.dumps(asdict(self))


async def measure(
    name: str,
    url: str,
    database: str,
    *,
    jobs: int,
    colds: int = 0,
    to_zero: Callable[[], Awaitable[None]] | None = None,
) -> Measured:
    """Scan one photo after the other, a second apart; before each of `colds` more, everything is at zero."""
    users, measured = Users(url), Measured(name)
    (client,) = await users.signed_in(1)
    image_url = await users.upload(picture())
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        for _ in range(colds):
            assert to_zero
            await to_zero()
            began = time.monotonic()
            fresh = await users.upload(picture(), client=client)
            uploaded_s = time.monotonic() - began
            measured.cold.append(await _scan(client, connection, {"image_url": fresh}, uploaded_s))
            _say(f"{name}: cold, {measured.cold[-1].whole_s:.2f} s")
        for number in range(WARM_UP_JOBS + jobs):
            began = time.monotonic()
            job = await _scan(client, connection, {"image_url": image_url, "model": WARM_MODEL})
            if number >= WARM_UP_JOBS:
                measured.warm.append(job)
            await asyncio.sleep(max(0.0, began + 1 - time.monotonic()))
    await users.close()
    _say(f"{name}: {len(measured.warm)} warm jobs")
    return measured


async def _scan(
    client: Browser,
    connection: psycopg.AsyncConnection[Any],
    body: Mapping[str, str],
    uploaded_s: float = 0.0,
) -> Job:
    """Scan once: the times its stages noted. Raises Refused, TimeoutError."""
    began = time.monotonic()
    content = json.dumps(body).encode()
    accepted = await client.request("POST", "/api/v1/scan", body=content, headers=JSON, timeout_s=DONE_S)
    accepted_s = time.monotonic() - began
    if accepted.status != 202:
        raise Refused("scan", accepted)
    job_id = json.loads(accepted.body)["job_id"]
    async with asyncio.timeout(DONE_S):
        while True:
            rows = await (await connection.execute(_ROWS.encode(), (job_id,))).fetchall()
            if rows and rows[0][1] is not None:
                break
            await asyncio.sleep(0.05)
    created, ended = rows[0][:2]
    times: dict[str, tuple[datetime, datetime]] = {stage: (start, end) for *_, stage, start, end in rows}
    starts = [times[stage][0] for stage in STAGES] + [ended]
    ends = [created] + [times[stage][1] for stage in STAGES]
    return Job(
        uploaded_s,
        accepted_s,
        tuple((start - end).total_seconds() for start, end in zip(starts, ends, strict=True)),
        tuple((times[stage][1] - times[stage][0]).total_seconds() for stage in STAGES),
        accepted_s + (ended - created).total_seconds(),
    )


def embedded(broker: str, jobs: int) -> Measured:
    """The platform on this machine, with its own broker or with RabbitMQ."""
    with platform(broker=broker) as running:
        name = {"embedded": "embedded broker", "rabbitmq": "RabbitMQ, no Kubernetes"}[broker]
        database = running.setting("ECO2_DATABASE_URL") or ""
        return uvloop.run(measure(name, running.url, database, jobs=jobs))


def knative(jobs: int, colds: int) -> Measured | None:
    """The cluster's platform, from within the cluster's network; None when there is none."""
    command = [sys.executable, "-m", "localcluster", "exec", sys.executable, "-m", "bench.hops", "--inside"]
    more = ["--jobs", str(jobs), "--colds", str(colds)]
    done = subprocess.run([*command, *more], stdout=subprocess.PIPE, text=True, timeout=3600, check=False)
    return None if done.returncode else Measured.read(done.stdout)


def _inside(jobs: int, colds: int) -> Measured:
    from localcluster import kubectl, network  # the Makefile tells where

    secret = kubectl.run(
        "get", "secret", "eco2-secrets", "-n", "eco2", "-o", "jsonpath={.data.ECO2_DATABASE_URL}"
    )
    functions = f"serving.knative.dev/service in ({', '.join(ON_THE_WAY)})"

    async def to_zero() -> None:
        """Wait until the autoscaler has taken away every pod that a scan needs, but the two that always run."""
        deadline = time.monotonic() + ZERO_S
        arguments = ("get", "pods", "-n", "eco2", "-l", functions, "-o", "name")
        while left := (await asyncio.to_thread(kubectl.run, *arguments)).split():
            if time.monotonic() > deadline:
                raise TimeoutError(f"still there after {ZERO_S:.0f} s: {', '.join(left)}")
            await asyncio.sleep(1)

    database = base64.b64decode(secret).decode()
    return uvloop.run(measure("Knative", network.URL, database, jobs=jobs, colds=colds, to_zero=to_zero))


def warm_table(found: Sequence[Measured]) -> str:
    """A table of the hops of warm functions, all and one by one: p50 / p95 in milliseconds."""
    rows: list[list[str]] = []
    each: list[tuple[str, Callable[[Job], Sequence[float]]]] = [
        ("**all hops**", lambda job: job.hops_s),
        *((name, lambda job, at=at: job.hops_s[at : at + 1]) for at, name in enumerate(HOPS)),
        *(
            (f"work of {name}", lambda job, at=at: job.stages_s[at : at + 1])
            for at, name in enumerate(STAGES)
        ),
        ("work of the four stages", lambda job: (sum(job.stages_s),)),
        ("whole scan", lambda job: (job.whole_s,)),
    ]
    for name, of in each:
        cells = []
        for measured in found:
            ordered = sorted(1000 * seconds for job in measured.warm for seconds in of(job))
            cells.append(f"{percentile(ordered, 50):.1f} / {percentile(ordered, 95):.1f}")
        rows.append([name, *cells])
    head = [f"{each.name} ({len(each.warm) * len(HOPS)} hops)" for each in found]
    return table(rows, ("warm, p50 / p95 ms", *head))


def cold_table(measured: Measured) -> str:
    """A table of the scans that found no pods, in seconds, one column a scan."""
    rows = [
        ["photo uploaded", *(f"{job.uploaded_s:.2f}" for job in measured.cold)],
        ["until accepted", *(f"{job.accepted_s:.2f}" for job in measured.cold)],
    ]
    for at, stage in enumerate(STAGES):
        rows.append([f"{HOPS[at]}, entered", *(f"{job.hops_s[at]:.2f}" for job in measured.cold)])
        rows.append(
            [f"**{stage}: event in → its event out**", *(f"{job.out_s[at]:.2f}" for job in measured.cold)]
        )
    rows.append([f"{HOPS[-1]}, done", *(f"{job.hops_s[-1]:.2f}" for job in measured.cold)])
    rows.append(["scan's request → done", *(f"{job.whole_s:.2f}" for job in measured.cold)])
    return table(rows, ("cold, s", *(f"scan {number}" for number in range(1, len(measured.cold) + 1))))


def draw(folder: Path, found: Sequence[Measured]) -> None:
    """Write hops.svg: the hops of warm functions one by one, and how long whole scans took."""
    hops = {each.name: [_median_and_p95(each, at) for at in range(len(HOPS))] for each in found if each.warm}
    scans = {each.name: [1000 * job.whole_s for job in each.warm] for each in found if each.warm}
    plots.save(
        folder / "hops.svg",
        plots.bars("Hops of a scan", "ms", HOPS, hops),
        plots.spread("Whole scans", "ms", scans),
    )


def _median_and_p95(measured: Measured, hop: int) -> tuple[float, float]:
    ordered = sorted(1000 * job.hops_s[hop] for job in measured.warm)
    return percentile(ordered, 50), percentile(ordered, 95)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.hops", description=__doc__)
    parser.add_argument("--jobs", type=int, default=50, help="warm scans, five hops each")
    parser.add_argument("--colds", type=int, default=3, help="scans with everything at zero (Knative)")
    parser.add_argument("--only", choices=("embedded", "rabbitmq", "knative"), help="one column")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    plots.plots_option(parser)
    options = parser.parse_args()
    if options.inside:
        print(_inside(options.jobs, options.colds).write())
        return 0
    wanted = [options.only] if options.only else ["embedded", "rabbitmq", "knative"]
    found = [embedded(broker, options.jobs) for broker in wanted if broker != "knative"]
    cluster = knative(options.jobs, options.colds) if "knative" in wanted else None
    found += [cluster] if cluster else []
    if found:
        print(warm_table(found))
    if cluster and cluster.cold:
        print(f"\n{cold_table(cluster)}")
    if options.plots and found:
        draw(options.plots, found)
    return int(options.only == "knative" and cluster is None)


if __name__ == "__main__":
    sys.exit(main())
