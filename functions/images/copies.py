"""Public copies of uploaded pictures: upright JPEG files without metadata, each written once.

Whoever needs a copy first makes it: the callback, or whoever asks for its address, a scan or a browser. What was looked
at is what is served and scanned from then on, whatever is put to the upload's URL afterwards. The object itself tells
what it was made of, so that of two writers the first one counts wholly, even where it was killed before it said so.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from weakref import WeakValueDictionary

from functions.images.bucket import MAX_BYTES, Bucket, BucketAnswer
from functions.images.decoding import Decoders
from functions.images.errors import ImageRejected, ImageUnavailable
from functions.images.header import read_header
from functions.images.settings import ImageSettings
from functions.images.signing import Store
from functions.images.uploads import (
    ORIGINAL_OBJECT,
    Channel,
    KnownUpload,
    Published,
    Uploads,
    original,
    unknown,
)
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

LONGEST_SIDE: Final = 2048
THUMBNAIL: Final = 320
AT_ONCE: Final = 4
"""Originals in memory; with 10 MiB each, this bounds what they take."""
HEADERS: Final = {
    "content-type": "image/jpeg",
    # A day: what was deleted with its account is gone from caches by then.
    "cache-control": "public, max-age=86400, immutable",
    "content-disposition": "inline",
}
_FILE: Final = re.compile(rf"([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})(_{THUMBNAIL})?\.jpg")
COPY_OBJECT: Final = "public/%s.jpg"
THUMBNAIL_OBJECT: Final = f"public/%s_{THUMBNAIL}.jpg"
OBJECTS: Final = (ORIGINAL_OBJECT, COPY_OBJECT, THUMBNAIL_OBJECT)
"""All that there can be of one upload, with its key for %s."""
_MADE_OF: Final = "x-amz-meta-made-of"


class CopyName(NamedTuple):
    """The name of a public copy or of its thumbnail: `<channel>/<uuid>.jpg`, `<channel>/<uuid>_320.jpg`."""

    key: str
    thumbnail: bool

    @classmethod
    def parse(cls, channel: str, file: str) -> Self:
        """Raises NotFound."""
        matched = _FILE.fullmatch(file)
        if matched is None:
            raise unknown()
        return cls(f"{channel}/{matched[1]}", matched[2] is not None)

    @property
    def object(self) -> str:
        """The object in the bucket."""
        return (THUMBNAIL_OBJECT if self.thumbnail else COPY_OBJECT) % self.key


class PublicCopies(Service):
    """Public copies: made when they are first needed, then only read."""

    def __init__(self, uploads: Uploads, bucket: Bucket, decoders: Decoders) -> None:
        self._uploads, self._bucket, self._decoders = uploads, bucket, decoders
        # One picture of a user at a time, so that many slow ones of one user don't make others wait.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._originals = asyncio.Semaphore(AT_ONCE)

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Copies in the configured store, made by the process's decoders."""
        uploads, decoders = await resources.get(Uploads), await resources.get(Decoders)
        bucket = Bucket(Store.inner(resources.settings(ImageSettings)))
        resources.on_close(bucket.close)
        return cls(uploads, bucket, decoders)

    async def read(self, name: CopyName, headers: dict[str, str]) -> BucketAnswer:
        """The store's answer for a copy, which is made if need be; `headers` may ask for a part, or if it has changed.

        Raises NotFound, ImageRejected and ImageUnavailable.
        """
        found = await self._bucket.get(name.object, headers)
        if not found.missing:
            return found
        await (self._reduce(name) if name.thumbnail else self.publish(name.key))
        found = await self._bucket.get(name.object, headers)
        if found.missing:
            raise unknown()
        return found

    async def made(self, url: str) -> bytes:
        """The copy at a public address, made if need be. Raises as `read`."""
        *_, channel, file = ["", "", *url.split("/")]
        return (await self.read(CopyName.parse(channel, file), {})).body

    async def keep(self, user_id: str, channel: Channel, name: str, data: bytes) -> str:
        """Store a picture that was made for a user as if they had put it; gives the address of its copy.

        Raises ImageRejected, ImageUnavailable and TooManyUploads.
        """
        if len(data) > MAX_BYTES:
            raise ImageRejected("IMAGE_TOO_LARGE", "A picture may have 10 MiB at most.")
        content_type = f"image/{read_header(data).kind}"
        place = await self._uploads.place(user_id, channel, name, content_type, len(data), None)
        await self._bucket.write_once(original(place.key), data, {"content-type": content_type})
        await self.publish(place.key)
        await self._uploads.confirm(place.key)
        return place.cdn_url

    async def publish(self, key: str) -> Published:
        """Make the copy of an upload unless there is one, and tell what it was made of.

        Raises NotFound (also while nothing was put there), ImageRejected and ImageUnavailable.
        """
        upload = await self._uploads.find(key)
        if upload.published:
            return upload.published
        turn = self._turns.setdefault(upload.user_id, asyncio.Lock())
        async with turn, self._originals:
            return await self._publish(await self._uploads.find(key))

    async def _publish(self, upload: KnownUpload) -> Published:
        if upload.published:
            return upload.published
        refused_etag, refusal = upload.rejected or ("", None)
        unless = {"if-none-match": f'"{refused_etag}"'} if refusal else None
        found = await self._bucket.get(original(upload.key), unless)
        if refusal and (found.status == 304 or found.missing):
            raise refusal
        if found.missing:  # or published and removed by another process just now
            upload = await self._uploads.find(upload.key)
            if upload.published:
                return upload.published
            raise unknown()
        try:
            jpeg, made_of = await self._redrawn(found)
        except ImageRejected as rejected:
            await self._uploads.rejected(upload.key, found.etag, rejected.code, rejected.detail)
            raise
        return await self._written(CopyName(upload.key, thumbnail=False), jpeg, made_of)

    async def _redrawn(self, found: BucketAnswer) -> tuple[bytes, Published]:
        image = await self._decoders.redraw(found.body, LONGEST_SIDE)
        width, height = image.original
        kind = read_header(found.body).kind
        return image.jpeg, Published(found.etag, len(found.body), kind, width, height)

    async def _written(self, name: CopyName, jpeg: bytes, made_of: Published) -> Published:
        told = {**HEADERS, _MADE_OF: " ".join(map(str, _values(made_of)))}
        if not await self._bucket.write_once(name.object, jpeg, told):
            made_of = _made_of(await self._bucket.head(name.object))
        if not await self._uploads.published(name.key, made_of):
            await self._bucket.delete(name.object)  # the account was deleted meanwhile
            raise unknown()
        return made_of

    async def _reduce(self, name: CopyName) -> None:
        await self.publish(name.key)
        copy = await self._bucket.get(CopyName(name.key, thumbnail=False).object)
        if copy.missing:
            raise unknown()
        image = await self._decoders.redraw(copy.body, THUMBNAIL)
        await self._bucket.write_once(name.object, image.jpeg, HEADERS)


def _values(made_of: Published) -> tuple[str | int, ...]:
    return made_of.etag, made_of.size, made_of.kind, made_of.width, made_of.height


def _made_of(answer: BucketAnswer) -> Published:
    """Raises ImageUnavailable where the copy is not there (any more): another writer is at it right now."""
    match answer.headers.get(_MADE_OF, "").split():
        case [etag, size, kind, width, height]:
            return Published(etag, int(size), kind, int(width), int(height))
    raise ImageUnavailable("The picture is being looked at; try again.")
