"""Uploads of pictures: who may put what where, and what came of it. Table `images.uploads`.

The key of an upload is `<channel>/<uuid>`; it can't be guessed and tells nobody's id, since it is part of the public
address. What was put lies at `uploads/<key>`, which only our own functions read; the public copy at `public/<key>.jpg`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import uuid4

from pydantic_core import to_json

from functions.images.errors import ImageRejected, TooManyUploads
from functions.images.settings import ImageSettings
from functions.images.signing import EXPIRES_S, Store
from functions.runtime.errors import NotFound
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

Channel = Literal["chat", "scan", "my"]
CONTENT_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/heic")
ORIGINAL_OBJECT = "uploads/%s"
SURELY_EXPIRED_S = EXPIRES_S + 300
"""After it was given out no URL takes a PUT any more, clocks that differ and slow uploads included."""
MOST_OPEN = 100
"""Uploads of one user that hold no picture which was looked at; the sweep ends them after a day."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A place for one picture; `url` takes the PUT for `expires_s` seconds."""

    key: str
    url: str
    cdn_url: str
    expires_s: int = EXPIRES_S


@dataclass(frozen=True, slots=True)
class Published:
    """What a public copy was made of: the upload's ETag, bytes and kind, and its size in pixels as it is shown."""

    etag: str
    size: int
    kind: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class KnownUpload:
    """An upload as it is recorded; `rejected`: the ETag of bytes that can't be published, and why."""

    key: str
    user_id: str
    content_type: str
    metadata: dict[str, Any] | None
    published: Published | None
    rejected: tuple[str, ImageRejected] | None


class Uploads(Service):
    """Uploads: places given out for pictures, and what was found there."""

    def __init__(self, store: Store, cdn_url: str, database: Database) -> None:
        self._store, self._cdn_url, self._database = store, cdn_url.rstrip("/"), database

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Uploads to the configured store."""
        settings = resources.settings(ImageSettings)
        store = Store.of(settings)
        await asyncio.to_thread(__import__, "botocore.auth")  # 0.2 s: not in the first request
        return cls(store, settings.cdn_url, await resources.database())

    def cdn_url(self, key: str) -> str:
        """The public URL of an upload's copy."""
        return f"{self._cdn_url}/{key}.jpg"

    async def place(
        self,
        user_id: str,
        channel: Channel,
        filename: str,
        content_type: str,
        content_length: int | None,
        metadata: dict[str, Any] | None,
    ) -> Upload:
        """Give out a place for a picture of this type (one of CONTENT_TYPES). Raises TooManyUploads."""
        key = f"{channel}/{uuid4()}"
        url = self._store.presign_put(original(key), content_type, content_length=content_length)
        told = to_json(metadata).decode() if metadata else None
        row = await self._database.one(
            _PLACE, (key, user_id, channel, filename, content_type, told, user_id, MOST_OPEN)
        )
        if row is None:
            raise TooManyUploads()
        return Upload(key, url, self.cdn_url(key))

    async def find(self, key: str) -> KnownUpload:
        """The upload of this key. Raises NotFound."""
        row = await self._database.one(_FIND, (key,))
        if row is None:
            raise unknown()
        user_id, content_type, metadata, published_at, etag, size, kind, width, height, *rejected = row
        return KnownUpload(
            key,
            str(user_id),
            content_type,
            metadata,
            Published(etag, size, kind, width, height) if published_at else None,
            (rejected[0], ImageRejected(*rejected[1:])) if rejected[0] is not None else None,
        )

    async def of(self, user_id: str, channel: Channel, key: str) -> KnownUpload:
        """The user's upload of this key. Raises NotFound for unknown and foreign ones alike."""
        upload = await self.find(key)
        if upload.user_id != user_id or not key.startswith(f"{channel}/"):
            raise unknown()
        return upload

    async def published(self, key: str, found: Published) -> bool:
        """Record the public copy, and that the original is to go; False where the upload is gone meanwhile."""
        values = (found.etag, found.size, found.kind, found.width, found.height)
        return bool(await self._database.all(_PUBLISHED, (*values, key, original(key), SURELY_EXPIRED_S)))

    async def rejected(self, key: str, etag: str, code: str, detail: str) -> None:
        """Record bytes that can never be published, and that they are to go."""
        await self._database.run(_REJECTED, (etag, code, detail, key, original(key), SURELY_EXPIRED_S))

    async def confirm(self, key: str) -> None:
        """Record that the user told of the picture."""
        await self._database.run(_CONFIRM, (key,))


def original(key: str) -> str:
    """The object that a client puts: private."""
    return ORIGINAL_OBJECT % key


def unknown() -> NotFound:
    """The answer for pictures that don't exist and for other users' alike."""
    return NotFound(
        "IMAGE_NOT_FOUND",
        "There is no such picture of yours; upload it first.",
        headers={"cache-control": "no-store"},
    )


_PLACE = """
INSERT INTO images.uploads (key, user_id, channel, filename, content_type, metadata)
SELECT %s, %s, %s, %s, %s, %s::jsonb FROM images.uploads_open(%s) AS uploads WHERE uploads < %s
RETURNING key
"""
_FIND = """
SELECT user_id, content_type, metadata, published_at, etag, size, kind, width, height,
       rejected_etag, rejected_code, rejected_detail
FROM images.uploads WHERE key = %s
"""
# The original is removed now, and what a URL that is still good puts there later once that URL has expired.
_PUBLISHED = """
WITH changed AS (
    UPDATE images.uploads
    SET published_at = coalesce(published_at, now()), etag = %s, size = %s, kind = %s, width = %s, height = %s,
        rejected_etag = NULL, rejected_code = NULL, rejected_detail = NULL
    WHERE key = %s RETURNING created_at
)
INSERT INTO images.removals (name, until)
SELECT %s, created_at + make_interval(secs => %s) FROM changed
ON CONFLICT (name) DO UPDATE SET due_at = now(), until = excluded.until
RETURNING name
"""
_REJECTED = """
WITH changed AS (
    UPDATE images.uploads SET rejected_etag = %s, rejected_code = %s, rejected_detail = %s
    WHERE key = %s AND published_at IS NULL RETURNING created_at
)
INSERT INTO images.removals (name, until)
SELECT %s, created_at + make_interval(secs => %s) FROM changed
ON CONFLICT (name) DO UPDATE SET due_at = now(), until = excluded.until
"""
_CONFIRM = "UPDATE images.uploads SET confirmed_at = coalesce(confirmed_at, now()) WHERE key = %s"
