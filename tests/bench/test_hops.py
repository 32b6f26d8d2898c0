from __future__ import annotations

from bench.hops import HOPS, STAGES, Job, Measured, cold_table, warm_table

JOB = Job(
    uploaded_s=0.25,
    accepted_s=0.5,
    hops_s=tuple(number / 100 for number in range(1, len(HOPS) + 1)),
    stages_s=tuple(number / 10 for number in range(1, len(STAGES) + 1)),
    whole_s=1.65,
)


def test_a_stage_takes_from_the_event_before_it_to_its_own() -> None:
    assert [round(seconds, 3) for seconds in JOB.out_s] == [
        number * 11 / 100 for number in range(1, len(STAGES) + 1)
    ]


def test_the_warm_table_has_a_column_a_platform_and_percentiles_over_all_hops() -> None:
    lines = warm_table([Measured("one", [JOB]), Measured("two", [JOB, JOB])]).splitlines()
    assert f"one ({len(HOPS)} hops)" in lines[0]
    assert f"two ({2 * len(HOPS)} hops)" in lines[0]
    assert lines[2].count(f" / {len(HOPS) * 10}.0") == 2
    assert [line for line in lines if "work of" in line][0].count(" 100.0 / 100.0 ") == 2
    assert len(lines) == 2 + 1 + len(HOPS) + len(STAGES) + 2


def test_the_cold_table_tells_each_stage_of_each_scan() -> None:
    text = cold_table(Measured("one", cold=[JOB, JOB]))
    assert "scan 2" in text
    assert text.count("event in → its event out") == len(STAGES)
    assert "| scan's request → done" in text
    assert "| photo uploaded" in text


def test_what_was_measured_elsewhere_is_read_as_it_was_written() -> None:
    measured = Measured("one", [JOB], [JOB])
    assert Measured.read(measured.write()) == measured
