"""Shows one place with all that is known of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from functions.locations.entries import LocationDetail, detail
from functions.locations.sites import Sites
from functions.runtime import NotFound, User, http_function


@http_function("GET /api/v1/locations/centers/{id}", problems=("LOCATION_NOT_FOUND",))
async def center(
    user: User,  # noqa: ARG001 - asking for the user is what demands a login
    sites: Sites,
    id: Annotated[int, Field(ge=1, le=2**63 - 1)],
) -> LocationDetail:
    """One place of ours. Raises NotFound."""
    site = await sites.of(id)
    if site is None:
        raise NotFound("LOCATION_NOT_FOUND", "There is no place with this id.")
    return detail(site, datetime.now(UTC))


new = center.new
