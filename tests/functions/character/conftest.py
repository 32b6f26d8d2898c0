"""Functions over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.functions.asgi_client import Functions


@pytest.fixture
async def functions(postgres_url: str) -> AsyncIterator[Functions]:
    """Functions of one process."""
    functions = Functions({"ECO2_DATABASE_URL": postgres_url})
    yield functions
    await functions.close()
