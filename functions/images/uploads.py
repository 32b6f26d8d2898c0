"""Uploads of pictures: who may put what where, and what came of it. Table `images.uploads`.

The key of an object is `<channel>/<user id>/<uuid>.<ext>`: it tells the owner without a look-up, can't be
guessed, and all pictures of a user can be found by prefix.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import uuid4

from pydantic_core import to_json

from functions.images.settings import ImageSettings
from functions.images.signing import EXPIRES_S, Store
from functions.runtime.errors import NotFound
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

Channel = Literal["chat", "scan", "my"]
MAX_BYTES = 10 * 1024 * 1024
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/heic": "heic",
}
_FILE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[a-z]{3,4}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A place for one picture; `url` takes the PUT for `expires_s` seconds."""

    key: str
    url: str
    cdn_url: str
    expires_s: int = EXPIRES_S


class Uploads(Service):
    """Uploads: places given out for pictures, and what was said about them."""

    def __init__(self, store: Store, cdn_url: str, database: Database) -> None:
        self.store, self._cdn_url, self._database = store, cdn_url.rstrip("/"), database

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Uploads to the configured store."""
        settings = resources.settings(ImageSettings)
        store = Store.of(settings)
        await asyncio.to_thread(__import__, "botocore.auth")  # 0.2 s: not in the first request
        return cls(store, settings.cdn_url, await resources.database())

    def cdn_url(self, key: str) -> str:
        """The public URL of an object."""
        return f"{self._cdn_url}/{key}"

    async def place(
        self,
        user_id: str,
        channel: Channel,
        filename: str,
        content_type: str,
        content_length: int | None,
        metadata: dict[str, Any] | None,
    ) -> Upload:
        """Give out a place for a picture of this type (one of EXTENSIONS)."""
        key = f"{channel}/{user_id}/{uuid4()}.{EXTENSIONS[content_type]}"
        url = self.store.presign_put(key, content_type, content_length=content_length)
        await self._database.run(
            _PLACE,
            (key, user_id, channel, filename, content_type, to_json(metadata).decode() if metadata else None),
        )
        return Upload(key, url, self.cdn_url(key))

    async def metadata(self, user_id: str, channel: Channel, key: str) -> dict[str, Any] | None:
        """The metadata given with the user's picture. Raises NotFound for unknown and foreign ones alike."""
        row = None
        if _is_of(key, channel, user_id):
            row = await self._database.one(_METADATA, (key, user_id))
        if row is None:
            raise unknown()
        found: dict[str, Any] | None = row[0]
        return found

    async def confirm(self, key: str, etag: str, size: int) -> None:
        """Store that the object is there."""
        await self._database.run(_CONFIRM, (etag, size, key))


def unknown() -> NotFound:
    """The answer for pictures that don't exist and for other users' alike."""
    return NotFound("IMAGE_NOT_FOUND", "There is no such picture of yours; upload it first.")


def _is_of(key: str, channel: str, user_id: str) -> bool:
    return key.startswith(f"{channel}/{user_id}/") and bool(_FILE.fullmatch(key.rpartition("/")[2]))


_PLACE = """
INSERT INTO images.uploads (key, user_id, channel, filename, content_type, metadata)
VALUES (%s, %s, %s, %s, %s, %s::jsonb)
"""
_METADATA = "SELECT metadata FROM images.uploads WHERE (key, user_id) = (%s, %s)"
_CONFIRM = "UPDATE images.uploads SET confirmed_at = now(), etag = %s, size = %s WHERE key = %s"
