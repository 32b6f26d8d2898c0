"""Plots are SVG files with the figures' names in them, the same file for the same figures."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from bench import (
    attack,
    authorize,
    broker,
    call,
    chat,
    edge,
    grants,
    hops,
    load,
    locations,
    plots,
    run,
    streams,
)
from bench.report import Outcome, Report
from tests.bench.test_hops import JOB


def words(path: Path) -> str:
    """All text of a picture, which must be well-formed."""
    root = ElementTree.fromstring(path.read_text())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return " ".join(" ".join(root.itertext()).split())


def test_hops_are_bars_by_platform_and_scans_a_curve(tmp_path: Path) -> None:
    measured = [hops.Measured("one", [JOB]), hops.Measured("two", [JOB, JOB]), hops.Measured("cold alone")]
    hops.draw(tmp_path / "new", measured)
    told = words(tmp_path / "new/hops.svg")
    for text in (*hops.HOPS, "one", "two", "Hops of a scan", "Whole scans", "ms"):
        assert text in told
    assert "cold alone" not in told


def test_a_load_is_drawn_by_users_and_by_what_jobs_took(tmp_path: Path) -> None:
    outcomes = [Outcome(float(n), n + 12.0 + n / 100) for n in range(20)]
    reports = [Report(name, users, 12.0, 1.0, outcomes, 0.0) for name in ("a", "b") for users in (5, 20)]
    run.draw(tmp_path, "load", reports)
    told = words(tmp_path / "load.svg")
    assert "a, 20 users" in told
    assert "a, 5 users" not in told
    assert "jobs/min" in told


def test_a_load_on_a_platform_that_runs_is_the_spread_of_its_jobs(tmp_path: Path) -> None:
    load.draw(tmp_path, Report("here", 5, 0.0, 0.0, [Outcome(float(n), n + 2.0) for n in range(4)], 0.0))
    assert "4 jobs" in words(tmp_path / "load.svg")


def test_a_run_whose_jobs_all_failed_is_drawn_as_well(tmp_path: Path) -> None:
    run.draw(tmp_path, "ceiling", [Report("a", 5, 0.0, 0.0, [Outcome(0.0, 1.0, failure="no")], 0.0)])
    assert "Completed scans" in words(tmp_path / "ceiling.svg")


def test_the_same_figures_make_the_same_file(tmp_path: Path) -> None:
    figures = {"streams": 1000, "published": 3, "delays_ms": [1.0, 2.0, 40.0]}
    for name in ("one", "two"):
        streams.draw(tmp_path / name, figures)
    one, two = ((tmp_path / name / "streams.svg").read_text() for name in ("one", "two"))
    assert one == two
    assert "1,000 streams, 3 events" in words(tmp_path / "one/streams.svg")


def test_what_requests_cost_is_a_bar_each(tmp_path: Path) -> None:
    edge.draw(tmp_path, dict.fromkeys(edge.REQUESTS, 100.0))
    told = words(tmp_path / "edge.svg")
    assert all(kind in told for kind in (*edge.REQUESTS, "µs a request"))
    call.draw(tmp_path, {"HTTP function": 35.0, "event function": 91.0})
    assert "HTTP function" in words(tmp_path / "call.svg")


def test_brokers_are_beside_each_other_by_checkout_without_its_path(tmp_path: Path) -> None:
    trees = (tmp_path / "ours", tmp_path / "theirs")
    compared = {(kind, tree): (900.0, 0.2) for kind in ("embedded", "rabbitmq") for tree in trees}
    broker.draw(tmp_path, compared)
    told = words(tmp_path / "broker.svg")
    assert all(text in told for text in ("embedded", "rabbitmq", "ours", "theirs", "events/s", "ms an event"))
    assert str(tmp_path) not in told


def test_users_are_drawn_alone_and_beside_an_attacker(tmp_path: Path) -> None:
    alone, beside = attack.Waits([0.1], [0.2], [0.3, 0.4]), attack.Waits([0.1], [0.2])
    attack.draw(tmp_path, {"alone": alone, "beside the attacker": beside})
    told = words(tmp_path / "attack.svg")
    assert all(text in told for text in (*alone.named, "alone", "beside the attacker"))


def test_turns_are_drawn_beside_one_alone_even_when_none_is_whole(tmp_path: Path) -> None:
    alone, failed = chat.AnsweredTurn(0.01, 0.1, 6.0, (0.05,)), chat.AnsweredTurn(0, 0, 0, failure="refused")
    for turns in ([alone, failed], [failed]):
        chat.draw(tmp_path, turns, alone)
        told = words(tmp_path / "chat.svg")
        assert all(text in told for text in ("alone", f"{len(turns)} turns", "longest gap of a turn"))


def test_searches_checks_and_grants_are_named(tmp_path: Path) -> None:
    locations.draw(tmp_path, [locations.SearchFigures(name, 200, 3.0, [3.0, 4.0]) for name in ("all", "few")])
    assert "Nearest 200, all" in words(tmp_path / "locations.svg")
    found = [authorize.CheckFigures(name, 20_000.0, 70.0, [2.0, 4.0]) for name in ("nothing", "authorize")]
    authorize.draw(tmp_path, found, 1000.0)
    assert "At 1,000 requests/s" in words(tmp_path / "authorize.svg")
    grants.draw(tmp_path, {"owners": (25_000.0, 30_000.0), "collections": (36_000.0, 52_000.0)})
    assert "again, without effect" in words(tmp_path / "grants.svg")


def test_every_bench_with_figures_can_draw_them() -> None:
    without = {
        path.name
        for path in Path(plots.__file__).parent.glob("*.py")
        if "def main(" in (text := path.read_text()) and "plots_option(parser)" not in text
    }
    assert without == {"relay.py", "stopwatch.py"}  # what `streams` starts; steps of one walk


def test_many_values_are_thinned_and_the_greatest_stays() -> None:
    kept = plots._thinned(range(10_000))
    assert len(kept) == 400
    assert (kept[0], kept[-1]) == (24, 9_999)
    assert plots._thinned([1.0, 2.0]) == [1.0, 2.0]
