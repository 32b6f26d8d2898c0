"""Tells how events flow from function to function, as the functions declare it."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from functions.console import declarations
from functions.runtime import http_function


@http_function("GET /api/v1/console/flow", public=True, timeout=20, answers={200: declarations.Flow})
async def flow() -> Response:
    """Functions and event types, the same that the pages of the documentation list."""
    found = await asyncio.to_thread(declarations.flow)  # the first call imports every function
    return Response(
        found.model_dump_json(), headers={"cache-control": "max-age=60"}, media_type="application/json"
    )


new = flow.new
