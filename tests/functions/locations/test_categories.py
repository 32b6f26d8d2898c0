"""Categories of places are the contract's; others are refused by their own codes."""

from __future__ import annotations

import pytest

from functions.locations.categories import PICKUPS, STORES, pickups, stores
from functions.runtime.errors import Invalid


def test_the_categories_are_those_of_the_contract() -> None:
    assert (
        *("refill_zero", "cafe_bakery", "vegan_dining", "upcycle_recycle", "book_workshop"),
        *("market_mart", "lodging", "public_dropbox", "general"),
    ) == STORES
    assert (
        *("clear_pet", "colored_pet", "can", "paper", "plastic", "glass", "textile", "electronics"),
        "general",
    ) == PICKUPS


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("all", ()),
        ("", ()),
        ("lodging", ("lodging",)),
        (" lodging , general,lodging,", ("lodging", "general")),
        ("lodging,all", ()),
    ],
)
def test_a_list_names_some_or_all(text: str, named: tuple[str, ...]) -> None:
    assert stores(text) == named


def test_an_unknown_one_is_told_with_those_there_are() -> None:
    with pytest.raises(Invalid, match=r"INVALID_STORE_CATEGORY.*'shoes'") as raised:
        stores("lodging,shoes")
    assert raised.value.extra == {"supported": ["all", *STORES]}
    with pytest.raises(Invalid, match="INVALID_PICKUP_CATEGORY"):
        pickups("lodging")
