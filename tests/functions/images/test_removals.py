"""What goes of pictures, and what stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from functions.images.sweep.func import sweep
from functions.ops.events import SweepRequested
from tests.functions.images.uploading import Uploading, encoded, uploading


@pytest.fixture
async def platform(tmp_path: Path, postgres_url: str) -> AsyncIterator[Uploading]:
    async with uploading(tmp_path, postgres_url) as platform:
        yield platform


def objects(platform: Uploading) -> set[str]:
    """Names of the objects that are there."""
    bucket = platform.store.folder / "eco2-images"
    return {str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file()}


def run(postgres_url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(postgres_url) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


async def swept(platform: Uploading) -> None:
    assert (await platform.functions.deliver(sweep, SweepRequested())).status_code == 204


async def test_an_original_goes_once_its_copy_is_there_and_whatever_is_put_there_after(
    platform: Uploading, postgres_url: str
) -> None:
    place = await platform.put_at_new_place(encoded("JPEG"))
    assert objects(platform) == {f"uploads/{place['key']}"}
    await platform.confirm(place["key"])
    await swept(platform)
    assert objects(platform) == {f"public/{place['key']}.jpg"}
    await platform.put(place["upload_url"], encoded("JPEG", 90, 90), "image/jpeg")
    await swept(platform)
    assert len(objects(platform)) == 2
    run(postgres_url, "UPDATE images.removals SET due_at = now(), until = now()")  # twenty minutes later
    await swept(platform)
    assert objects(platform) == {f"public/{place['key']}.jpg"}
    assert run(postgres_url, "SELECT * FROM images.removals") == []


async def test_uploads_without_use_end_after_a_day(platform: Uploading, postgres_url: str) -> None:
    unused, used, young = [await platform.put_at_new_place(encoded("JPEG")) for _ in range(3)]
    await platform.confirm(used["key"])
    empty = (await platform.place()).json()
    run(
        postgres_url,
        "UPDATE images.uploads SET created_at = now() - interval '25 hours' "
        f"WHERE key IN ('{unused['key']}', '{used['key']}', '{empty['key']}')",
    )
    await swept(platform)
    assert objects(platform) == {f"public/{used['key']}.jpg", f"uploads/{young['key']}"}
    assert {key for (key,) in run(postgres_url, "SELECT key FROM images.uploads")} == {
        used["key"],
        young["key"],
    }
    assert (await platform.show(unused["cdn_url"])).status_code == 404
    assert (await platform.confirm(unused["key"])).status_code == 404


async def test_old_pictures_go_but_for_those_of_accounts(platform: Uploading, postgres_url: str) -> None:
    old, mine, young = [await platform.put_at_new_place(encoded("JPEG")) for _ in range(3)]
    for place in (old, mine, young):
        await platform.confirm(place["key"])
    long_ago = "UPDATE images.uploads SET published_at = now() - interval '401 days'"
    run(postgres_url, f"{long_ago} WHERE key IN ('{old['key']}', '{mine['key']}')")
    run(postgres_url, f"UPDATE images.uploads SET channel = 'my' WHERE key = '{mine['key']}'")
    await swept(platform)
    assert objects(platform) == {f"public/{place['key']}.jpg" for place in (mine, young)}
    assert (await platform.show(old["cdn_url"])).status_code == 404


async def test_while_the_store_is_down_rows_go_and_objects_later(tmp_path: Path, postgres_url: str) -> None:
    async with uploading(tmp_path, postgres_url) as platform:
        place = await platform.put_at_new_place(encoded("JPEG"))
        run(postgres_url, "UPDATE images.uploads SET created_at = now() - interval '25 hours'")
        resources = platform.functions.resources
        resources._environ = {**resources._environ, "ECO2_OBJECTS_INNER_URL": "http://127.0.0.1:9/objects"}
        resources._settings.clear()
        await swept(platform)
        assert run(postgres_url, "SELECT * FROM images.uploads") == []
        assert objects(platform) == {f"uploads/{place['key']}"}
    run(postgres_url, "UPDATE images.removals SET due_at = now()")  # a minute later
    async with uploading(tmp_path, postgres_url) as platform:
        await swept(platform)
        assert objects(platform) == set()
