"""A signed-in user of the module's platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.end_to_end.client import User
from tests.end_to_end.platform import Platform


@pytest.fixture
async def user(platform: Platform) -> AsyncIterator[User]:
    """Somebody new; `platform` is the module's own fixture."""
    async with User.signed_in(platform.url, f"이웃 {uuid4()}") as signed_in:
        yield signed_in
