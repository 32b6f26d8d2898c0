"""Measures the platform on one machine under load: many users of a model of 12 s, then the ceiling with one of 0 s."""

from __future__ import annotations

import argparse
import json
import os
import platform as machine
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvloop

from bench import plots
from bench.budget import queries
from bench.launch import MeasuredPlatform, NotReadyError, platform
from bench.load import Plan, run
from bench.meter import RABBITMQ, Meter
from bench.report import Report, as_json, summary, table
from bench.users import Refused, Users, picture

VISION_S, ANSWER_S = 7.0, 5.0
BUSY = 0.9  # of a core, from which on it counts as used up


@dataclass(frozen=True, slots=True)
class Series:
    """Plans against one start of the platform."""

    label: str
    broker: str
    settings: dict[str, str]
    plans: tuple[Plan, ...]
    processes: int | None = None
    budget: bool = False


async def measure(series: Series, running: MeasuredPlatform) -> tuple[list[Report], dict[str, float]]:
    """Run a series: one report a plan and, if asked for, the queries of a job of the last plan."""
    users = Users(running.url)
    reports: list[Report] = []
    spent: dict[str, float] = {}
    image_url = await users.upload(picture())
    warm_up = Plan(users=4, seconds=30, jobs=8, ramp_s=0.0, label="warm-up")
    await run(users, image_url, warm_up)
    for plan in series.plans:
        last = series.budget and plan is series.plans[-1]
        if last:
            await users.signed_in(max(plan.users, plan.identities))
        before = await queries(running) if last else None
        meter = Meter(running.pid, home=running.home, names=RABBITMQ if series.broker == "rabbitmq" else ())
        reports.append(await run(users, image_url, plan, meter))
        print(summary(reports[-1:]), file=sys.stderr, flush=True)
        after = await queries(running) if before is not None else None
        if before is not None and after is not None and reports[-1].completed:
            spent = after.per_job(before, len(reports[-1].completed))
    await users.close()
    return reports, spent


def limit(report: Report, cores: int) -> str:
    """The limit that keeps the rate of a closed loop from rising, as far as CPU tells."""
    if not report.completed:
        return "nothing that is known: no job completed"
    figures = report.figures()
    shares = {name: cpu_s / report.seconds for name, cpu_s in report.usage.by_label.items()}
    if not shares:
        return "not measured"
    most, share = max(shares.items(), key=lambda item: item[1])
    if figures["cores_busy"] + figures["others_cores"] >= BUSY * cores:
        others = f", {figures['others_cores']} of them by others" if figures["others_cores"] >= 0.1 else ""
        return f"the CPU: all {cores} cores are busy{others}; most of ours by {most} ({share:.2f} cores)"
    for name, cores_used in shares.items():
        if cores_used >= BUSY * max(figures["processes"].get(name, 1), 1):
            return f"{name}: {cores_used:.2f} cores in {figures['processes'].get(name, 1)} process(es)"
    return (
        f"waiting, not the CPU ({figures['cores_busy']} of {cores} cores busy, most by {most}: {share:.2f})"
    )


def by_process(report: Report) -> str:
    """A Markdown table of who uses the CPU."""
    rows = []
    generator = ("(generator)", report.generator_cpu_s, 1)
    platform_rows = [(n, s, report.usage.processes.get(n, 0)) for n, s in report.usage.by_label.items()]
    for name, cpu_s, count in [*platform_rows, generator]:
        per_job = 1000 * cpu_s / max(len(report.completed), 1)
        rows.append((name, count, f"{per_job:.2f}", f"{cpu_s / (report.seconds or 1.0):.2f}"))
    return table(rows, ("process", "count", "CPU ms/job", "cores"))


def plan_series(options: argparse.Namespace) -> list[Series]:
    """The series that the options ask for, in order; each is one start of the platform."""
    extra = dict(pair.split("=", 1) for pair in options.set)
    model = {"ECO2_SIMULATED_VISION_S": f"{VISION_S:g}", "ECO2_SIMULATED_ANSWER_S": f"{ANSWER_S:g}"}
    none = dict.fromkeys(model, "0")
    loaded = Plan(users=0, seconds=options.seconds, ramp_s=options.ramp, model_s=VISION_S + ANSWER_S)
    ceiling = Plan(users=0, seconds=options.ceiling_seconds, identities=options.identities, ramp_s=0.2)
    series = []
    for broker in options.brokers.split(","):
        plans = tuple(replace(loaded, users=n, label=broker) for n in numbers(options.users))
        rising = tuple(replace(ceiling, users=n, label=f"{broker}, 0 s") for n in numbers(options.ceiling))
        if plans:
            series.append(Series(broker, broker, model | extra, plans, options.processes))
        if rising:
            series.append(
                Series(f"{broker}, 0 s", broker, none | extra, rising, options.processes, budget=True)
            )
    return series


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def show(series: Series, reports: Sequence[Report], spent: dict[str, float], cores: int) -> str:
    """Markdown for one series of the ceiling: rate, limit and who uses the CPU at the best rate."""
    best = max(reports, key=lambda report: report.figures()["jobs_per_min"])
    lines = [f"\n## Ceiling: {series.label}", ""]
    lines += [
        f"* {report.users} users: {report.figures()['jobs_per_min'] / 60:.1f} jobs/s" for report in reports
    ]
    lines += [f"* limited by {limit(best, cores)}", *(f"* {name}: {value}" for name, value in spent.items())]
    return "\n".join([*lines, "", f"At {best.users} users:", "", by_process(best)])


def draw(folder: Path, name: str, reports: Sequence[Report]) -> None:
    """Write NAME.svg: jobs a minute by users, and what jobs of each run's most users took beyond the model."""
    rates: dict[str, list[tuple[float, float]]] = {}
    beyond: dict[str, list[float]] = {}
    for report in reports:
        rates.setdefault(report.label, []).append((report.users, report.figures()["jobs_per_min"]))
    for label in rates:
        most = max((report for report in reports if report.label == label), key=lambda report: report.users)
        took = [1000 * (o.ended - o.started - most.model_s) for o in most.completed]
        if took:
            beyond[f"{label}, {most.users} users"] = took
    plots.save(
        folder / f"{name}.svg",
        plots.lines("Completed scans", "users", "jobs/min", rates),
        plots.spread("Beyond the model's time", "ms", beyond),
    )


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--brokers", default="embedded,rabbitmq", help="one after the other")
    parser.add_argument("--users", default="50,250,500", help="sizes with the 12 s model; empty: none")
    parser.add_argument("--seconds", type=float, default=75.0, help="of each size")
    parser.add_argument(
        "--ramp", type=float, default=VISION_S + ANSWER_S, help="seconds over which users start"
    )
    parser.add_argument("--ceiling", default="8,16,32,64", help="sizes with the 0 s model; empty: none")
    parser.add_argument("--ceiling-seconds", type=float, default=10.0)
    parser.add_argument("--identities", type=int, default=256, help="accounts that the ceiling's users share")
    parser.add_argument(
        "--processes", type=int, help="function host processes; the platform's default if absent"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="setting of the platform"
    )
    parser.add_argument(
        "--quick", action="store_true", help="embedded only, 50 users for 15 s, ceiling 8 and 32"
    )
    parser.add_argument("--json", type=Path, help="file for figures and single outcomes")
    plots.plots_option(parser)
    return parser


def main() -> int:
    options = arguments().parse_args()
    if options.quick:
        options.brokers, options.users, options.seconds = "embedded", "50", 15.0
        options.ceiling, options.ceiling_seconds = "8,32", 5.0
    cores = len(os.sched_getaffinity(0))
    kept: list[dict[str, Any]] = []
    loaded: list[Report] = []
    texts: list[str] = []
    failed = False
    for series in plan_series(options):
        print(f"{series.label}: starting", file=sys.stderr, flush=True)
        try:
            with platform(
                broker=series.broker, processes=series.processes, settings=series.settings
            ) as running:
                texts.append(f"* {series.label}: ready after {running.ready_s:.1f} s")
                reports, spent = uvloop.run(measure(series, running))
        except (NotReadyError, Refused, OSError, TimeoutError) as reason:
            failed = True
            texts.append(f"* {series.label}: NOT MEASURED: {reason}")
            continue
        kept += [as_json(report) | spent for report in reports]
        loaded += reports
        if series.budget:
            texts.append(show(series, reports, spent, cores))
    print(f"# Eco² under load: {cores} cores, {machine.machine()}, Python {machine.python_version()}\n")
    print("\n".join([summary(loaded), *texts]))
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1))
    if options.plots:
        for name, found in (
            ("load", [report for report in loaded if report.model_s]),
            ("ceiling", [report for report in loaded if not report.model_s]),
        ):
            if found:
                draw(options.plots, name, found)
    return int(failed or any(report.failures for report in loaded))


if __name__ == "__main__":
    sys.exit(main())
