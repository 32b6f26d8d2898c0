"""What a person does beside scanning, on a cluster whose functions come up when they are asked for."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any
from uuid import uuid4

from tests.cluster.conftest import Cluster
from tests.cluster.crowd import insist
from tests.end_to_end.client import User

log = logging.getLogger(__name__)
ME, PLACES, NEWS = "/api/v1/users/me", "/api/v1/locations", "/api/v1/info/news"
HERE = "lat=37.5665&lon=126.978"
PATIENCE_S = 30.0


async def ask(user: User, method: str, path: str, json: Any = None) -> Any:
    """What a function answers, once it has come up."""

    async def asked() -> Any:
        answer = await user.ask(method, path, json=json)
        assert answer.status == 200, (path, answer)
        return answer.json()

    return await insist(asked)


async def test_map_news_profile_and_collection_are_there_until_the_login_is_ended(cluster: Cluster) -> None:
    async with User.anonymous(cluster.url) as user:
        await insist(lambda: user.sign_in(f"이웃 {uuid4()}"))
        assert isinstance(await ask(user, "GET", f"{PLACES}/centers?{HERE}&zoom=13"), list)
        assert isinstance(await ask(user, "GET", f"{PLACES}/search?q=%EB%A6%AC%ED%95%84&radius=5000"), list)
        assert {"articles", "has_more"} <= (await ask(user, "GET", f"{NEWS}?limit=2")).keys()
        categories = (await ask(user, "GET", f"{NEWS}/categories"))["categories"]
        assert categories[0]["name"] == "전체"
        assert len(await ask(user, "GET", "/api/v1/character/catalog")) > 1
        await ask(user, "PATCH", ME, {"nickname": "숲지기"})
        assert (await ask(user, "GET", ME))["nickname"] == "숲지기"

        held = dict(user.cookies)
        await ask(user, "POST", "/api/v1/auth/logout")
        user.cookies = held
        ended = time.monotonic()
        while (await user.ask("GET", ME)).status != 401:
            assert time.monotonic() - ended < PATIENCE_S
            await asyncio.sleep(0.05)
        log.info("a login that was ended was refused after %.2f s", time.monotonic() - ended)
        for _ in range(20):  # whichever instance is asked
            assert (await user.ask("GET", ME)).status == 401
            await asyncio.sleep(0.1)
