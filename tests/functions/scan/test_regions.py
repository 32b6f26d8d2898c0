from __future__ import annotations

from functions.scan.regions import Region, Variant, regions


def variant(**fields: object) -> Variant:
    given = {
        "item": "",
        "middle": "",
        "rule": "",
        "note": "",
        "steps": (),
        "place": None,
        "source": "s",
    } | fields
    return Variant(**given)  # type: ignore[arg-type]


def test_the_closest_difference_is_taken() -> None:
    item, middle, rule = variant(item="깨진 유리"), variant(middle="유리병"), variant(rule="food")
    region = Region("1", "어느 시", (), "s", (rule, middle, item))
    assert region.variant("깨진 유리", "유리병", "glass") is item
    assert region.variant("소주병", "유리병", "glass") is middle
    assert region.variant("밥", "음식물류폐기물", "food") is rule
    assert region.variant("신문지", "종이", "paper") is None


def test_every_regions_code_is_its_own() -> None:
    assert all(code == region.code for code, region in regions().items())
