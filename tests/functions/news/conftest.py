"""Functions over a real database and a real cache, and sources of news that are played."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions
from tests.functions.news.wires import NAVER_ID, NAVER_SECRET, NEWSDATA_KEY, NewsWires

USER = "6f1c0000-0000-4000-8000-000000000001"


@pytest.fixture
def wires() -> NewsWires:
    """Both sources, to be told what they have."""
    return NewsWires()


@pytest.fixture
async def functions(postgres_url: str, valkey_url: str, wires: NewsWires) -> AsyncIterator[Functions]:
    """Functions of one process."""
    async with serving(wires) as port:
        functions = Functions(
            {
                "ECO2_DATABASE_URL": postgres_url,
                "ECO2_REDIS_CACHE_URL": valkey_url,
                "ECO2_NAVER_NEWS_URL": f"http://127.0.0.1:{port}",
                "ECO2_NAVER_NEWS_ID": NAVER_ID,
                "ECO2_NAVER_NEWS_SECRET": NAVER_SECRET,
                "ECO2_NEWSDATA_URL": f"http://127.0.0.1:{port}",
                "ECO2_NEWSDATA_KEY": NEWSDATA_KEY,
                "ECO2_NEWS_TIMEOUT_S": "0.5",
                "ECO2_NEWS_DAYS": "3650",
            }
        )
        yield functions
        await functions.close()
