"""Lists the four ways out for waste."""

from __future__ import annotations

from typing import Any

from functions.runtime import http_function
from functions.scan.rules import categories as load


@http_function("GET /api/v1/scan/categories")
async def categories() -> list[dict[str, Any]]:
    """The four categories with their instructions, in Korean."""
    return load()


new = categories.new
