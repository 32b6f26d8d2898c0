"""Suggests places while a person types."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.locations.entries import PlaceSuggestion
from functions.locations.finding import Finder
from functions.runtime import User, http_function


@http_function("GET /api/v1/locations/suggest", rate_limit="240/60", problems=("QUERY_EMPTY",))
async def suggest(
    user: User,  # noqa: ARG001 - asking for the user is what demands a login
    finder: Finder,
    q: Annotated[str, Field(min_length=1, max_length=100)],
) -> list[PlaceSuggestion]:
    """At most five places, as a bare array."""
    return await finder.suggest(q)


new = suggest.new
