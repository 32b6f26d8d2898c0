"""Functions over a real database and a real cache, and a Kakao that is played."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from functions.locations.layouts import NewSite
from functions.locations.sites import Sites
from tests.embedded.serving import serving
from tests.functions.asgi_client import Functions
from tests.functions.locations.kakao_wire import KEY, KakaoWire

USER = "6f1c0000-0000-4000-8000-000000000001"


@pytest.fixture
def kakao() -> KakaoWire:
    """Kakao, to be told what it knows."""
    return KakaoWire()


@pytest.fixture
async def functions(postgres_url: str, valkey_url: str, kakao: KakaoWire) -> AsyncIterator[Functions]:
    """Functions of one process."""
    async with serving(kakao) as port:
        functions = Functions(
            {
                "ECO2_DATABASE_URL": postgres_url,
                "ECO2_REDIS_CACHE_URL": valkey_url,
                "ECO2_KAKAO_LOCAL_URL": f"http://127.0.0.1:{port}",
                "ECO2_KAKAO_LOCAL_KEY": KEY,
                "ECO2_KAKAO_LOCAL_TIMEOUT_S": "0.5",
            }
        )
        yield functions
        await functions.close()


@pytest.fixture
async def sites(functions: Functions) -> Sites:
    """Places of ours."""
    return await functions.resources.get(Sites)


async def stored(sites: Sites, *new: NewSite) -> None:
    """Store places."""
    assert await sites.store(new) == (len(new), 0)
