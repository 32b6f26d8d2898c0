"""Distances, the plane and the levels of zoom."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.locations.geometry import EARTH_M, Position, distance_text, radius_at

KOREA = st.builds(Position, st.floats(33, 38.7), st.floats(124.5, 132))


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert Position(37, 127).distance_m(Position(38, 127)) == pytest.approx(math.radians(1) * EARTH_M)


def test_seoul_and_busan_are_325_kilometres_apart() -> None:
    assert Position(37.5665, 126.9780).distance_m(Position(35.1796, 129.0756)) == pytest.approx(
        325_000, rel=0.005
    )


@given(KOREA, KOREA)
def test_a_distance_is_the_same_both_ways(one: Position, other: Position) -> None:
    assert one.distance_m(other) == pytest.approx(other.distance_m(one), abs=1e-6)
    assert one.distance_m(one) == 0


@given(KOREA, st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_the_plane_stretches_what_is_near_alike_in_every_direction(
    origin: Position, north: float, east: float
) -> None:
    other = Position(origin.latitude + north, origin.longitude + east)
    metres = origin.distance_m(other)
    if metres > 1:
        (x, y), (u, v) = origin.on_plane(), other.on_plane()
        assert math.hypot(u - x, v - y) * math.cos(math.radians(origin.latitude)) == pytest.approx(
            metres, rel=0.005
        )


def test_the_poles_are_on_the_plane() -> None:
    assert all(map(math.isfinite, (*Position(90, 180).on_plane(), *Position(-90, -180).on_plane())))


@pytest.mark.parametrize(
    ("level", "metres"),
    [(1, 250), (2, 500), (3, 1_000), (5, 4_000), (8, 32_000), (9, 50_000), (14, 50_000), (20, 50_000)],
)
def test_a_level_further_away_shows_twice_as_much(level: int, metres: int) -> None:
    assert radius_at(level) == metres


@pytest.mark.parametrize(
    ("metres", "text"),
    [(0, "0m"), (849.6, "850m"), (999.4, "999m"), (999.6, "1.0km"), (1_240, "1.2km"), (50_000, "50.0km")],
)
def test_distances_read_as_people_say_them(metres: float, text: str) -> None:
    assert distance_text(metres) == text
