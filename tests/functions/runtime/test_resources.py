"""What the functions of a process share: opened once, on first use, and closed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Self

import pytest

from functions.runtime import Resources, Retry, Service, Unavailable
from functions.runtime.settings import RuntimeSettings
from process.settings import SettingsError


class Counted(Service):
    """A service that counts how often it is opened, and can't be at first."""

    opened = 0
    refuse = 0

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        cls.opened += 1
        await asyncio.sleep(0)
        if cls.opened <= cls.refuse:
            raise Unavailable("not yet")
        return cls()


@pytest.fixture(autouse=True)
def fresh() -> None:
    Counted.opened = Counted.refuse = 0


async def test_a_service_is_opened_once_however_many_ask() -> None:
    resources = Resources({})
    first, *others = await asyncio.gather(*(resources.get(Counted) for _ in range(5)))
    assert Counted.opened == 1
    assert all(other is first for other in others)


async def test_a_failed_opening_is_tried_again_at_the_next_call() -> None:
    resources = Resources({})
    Counted.refuse = 2
    for _ in range(2):
        with pytest.raises(Unavailable):
            await resources.get(Counted)
    assert isinstance(await resources.get(Counted), Counted)


async def test_a_caller_that_is_cancelled_does_not_cancel_the_opening() -> None:
    resources = Resources({})
    caller = asyncio.create_task(resources.get(Counted))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    await resources.get(Counted)
    assert Counted.opened == 1


@pytest.mark.parametrize("role", ["streams", "pubsub", "cache", "auth", "state"])
async def test_what_is_not_configured_is_unavailable_and_says_its_setting(role: Any) -> None:
    resources = Resources({})
    with pytest.raises(Unavailable, match=f"ECO2_REDIS_{role.upper()}_URL is not set"):
        await resources.redis(role)
    with pytest.raises(Unavailable, match="ECO2_DATABASE_URL is not set"):
        await resources.database()


async def test_a_publisher_needs_a_sink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K_SINK", raising=False)
    resources = Resources({})
    with pytest.raises(Unavailable, match="K_SINK is not set"):
        resources.publisher()
    monkeypatch.setenv("K_SINK", "http://127.0.0.1:1")
    assert resources.publisher() is resources.publisher()
    await resources.close()


async def test_roles_with_one_url_share_a_client(valkey_url: str) -> None:
    environ = {f"ECO2_REDIS_{role}_URL": valkey_url for role in ("STREAMS", "CACHE")}
    resources = Resources(environ | {"ECO2_REDIS_PUBSUB_URL": f"{valkey_url}/1"})
    streams, cache = await asyncio.gather(resources.redis("streams"), resources.redis("cache"))
    assert streams is cache
    assert await streams.set("key", "value")
    assert await resources.redis("pubsub") is not streams
    assert (await streams.client_info())["lib-ver"] == ""  # telling it costs a search of all packages
    await resources.close()


async def test_the_database_and_the_worker_are_one_a_process(postgres_url: str) -> None:
    resources = Resources({"ECO2_DATABASE_URL": postgres_url})
    assert await resources.database() is await resources.database()
    assert await resources.worker() == await resources.worker()
    await resources.close()


async def test_a_worker_without_a_database_says_so_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.runtime.database.CONNECT_TIMEOUT_S", 0.05)
    resources = Resources({"ECO2_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"})
    with pytest.raises(Retry, match="not reachable"):
        await resources.worker()
    await resources.close()


def test_settings_are_read_once_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://secret\n")
    resources = Resources({"ECO2_DATABASE_URL_FILE": str(tmp_path / "url"), "ECO2_POOL_SIZE": "3"})
    settings = resources.settings(RuntimeSettings)
    assert (settings.database_url.get_secret_value(), settings.pool_size) == ("postgresql://secret", 3)
    assert resources.settings(RuntimeSettings) is settings


def test_a_process_checks_all_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECO2_POOL_SIZE", "900")
    monkeypatch.setenv("ECO2_MODLE", "local")
    with pytest.raises(SettingsError, match=r"ECO2_POOL_SIZE: .*ECO2_MODLE: no such setting"):
        Resources()


async def test_closing_goes_backwards_and_past_what_fails() -> None:
    resources = Resources({})
    order: list[str] = []

    def closer(name: str, error: Exception | None = None) -> Any:
        async def close() -> None:
            order.append(name)
            if error:
                raise error

        return close

    for name, error in (("first", None), ("failing", OSError("gone")), ("last", None)):
        resources.on_close(closer(name, error))
    await resources.close()
    assert order == ["last", "failing", "first"]


def test_stopping_is_told_once() -> None:
    resources = Resources({})
    told: list[int] = []
    resources.on_stop(lambda: told.append(1))
    resources.stop()
    resources.stop()
    assert told == [1]
    assert resources.stopping.is_set()
