"""Categories of places: what kind of shop it is, and what it takes back."""

from __future__ import annotations

from functions.runtime.errors import Invalid

STORES = (
    "refill_zero",
    "cafe_bakery",
    "vegan_dining",
    "upcycle_recycle",
    "book_workshop",
    "market_mart",
    "lodging",
    "public_dropbox",
    "general",
)
PICKUPS = (
    "clear_pet",
    "colored_pet",
    "can",
    "paper",
    "plastic",
    "glass",
    "textile",
    "electronics",
    "general",
)
ALL = "all"


def stores(text: str) -> tuple[str, ...]:
    """The kinds of shop that a comma separated list names; () for all of them. Raises Invalid."""
    return _named(text, STORES, "store_category", "INVALID_STORE_CATEGORY")


def pickups(text: str) -> tuple[str, ...]:
    """The kinds of waste that a comma separated list names; () for all of them. Raises Invalid."""
    return _named(text, PICKUPS, "pickup_category", "INVALID_PICKUP_CATEGORY")


def _named(text: str, known: tuple[str, ...], parameter: str, code: str) -> tuple[str, ...]:
    names = dict.fromkeys(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name != ALL and name not in known]
    if unknown:
        raise Invalid(
            code,
            f"There is no {parameter} {unknown[0][:40]!r}; there are {', '.join((ALL, *known))}.",
            extra={"supported": [ALL, *known]},
        )
    return () if ALL in names else tuple(names)
