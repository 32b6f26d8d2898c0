"""Plots are SVG files with the figures' names in them, the same file for the same figures."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from bench import hops, plots, run, streams
from bench.report import Outcome, Report
from tests.bench.test_hops import JOB


def words(path: Path) -> str:
    """All text of a picture, which must be well-formed."""
    root = ElementTree.fromstring(path.read_text())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return " ".join(root.itertext())


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


def test_many_values_are_thinned_and_the_greatest_stays() -> None:
    kept = plots._thinned(range(10_000))
    assert len(kept) == 400
    assert (kept[0], kept[-1]) == (24, 9_999)
    assert plots._thinned([1.0, 2.0]) == [1.0, 2.0]
