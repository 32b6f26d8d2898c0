"""The state of a turn in the graph, and how parallel branches write into it without colliding."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

Intent = Literal[
    "waste",
    "character",
    "location",
    "weather",
    "bulk_waste",
    "recyclable_price",
    "collection_point",
    "web_search",
    "news",
    "image_generation",
    "general",
    "greeting",
]
RESET: dict[str, Any] = {"": None}
"""Given for a channel at the begin of a turn: what the turn before left there is dropped."""


class Found(TypedDict):
    """What a branch has found: words for the answer, data for a model, and whether it could be looked up at all.

    `priority` orders the parts of the answer, the lowest first; `at` is when it was found (seconds).
    """

    ok: bool
    text: str
    data: dict[str, Any]
    priority: int
    at: float


def merged(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    """Both, by branch: success beats failure, then the lower priority number, then the newer."""
    if after and "" in after:
        return {}
    kept = dict(before or {})
    for name, found in (after or {}).items():
        there = kept.get(name)
        if there is None or _rank(found) >= _rank(there):
            kept[name] = found
    return kept


def _rank(found: Found) -> tuple[bool, int, float]:
    return found["ok"], -found["priority"], found["at"]


class TurnState(TypedDict, total=False):
    """What the nodes of one turn share.

    `understood_by` and `answered_by` name models: `local` are our own rules and words, empty where no model was asked.
    `home` (a region that the user has named) and `declined` (where the user is was asked for and not told) stay for the
    turns that follow; all others are given anew.
    """

    job_id: str
    user_id: str
    message: str
    image_url: str | None
    location: dict[str, float] | None
    region: str | None
    home: str | None
    declined: bool
    model: str
    history: list[dict[str, str]]
    older: list[dict[str, str]]
    older_until: str
    intents: list[Intent]
    queries: dict[str, str]
    confidence: float
    seen: dict[str, Any] | None
    understood_by: str
    answered_by: str
    found: Annotated[dict[str, Found], merged]
    summary: str
    answer: str


class Branch(TypedDict):
    """What one branch is sent: the turn, its own part of the question, and whether that was asked for."""

    node: str
    query: str
    asked: bool
    turn: TurnState
