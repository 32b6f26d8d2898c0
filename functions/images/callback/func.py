"""Confirms an upload after a look at the stored picture."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from functions.images.stored import dimensions, look
from functions.images.uploads import Channel, Uploads
from functions.runtime import Conflict, User, http_function


class Uploaded(BaseModel):
    """The upload that a client reports; `etag` as the store answered its PUT."""

    key: str = Field(min_length=1, max_length=255, pattern=r"^[^\x00]+$")
    etag: str | None = Field(None, max_length=100)


class Confirmed(BaseModel):
    """The stored picture; width and height in pixels, as a browser shows it."""

    key: str
    channel: Channel
    cdn_url: str
    uploader_id: str
    metadata: dict[str, Any] | None
    etag: str
    content_type: str
    width: int
    height: int


@http_function("POST /api/v1/images/{channel}/callback", max_body=4_096, rate_limit="60/60")
async def callback(channel: Channel, body: Uploaded, user: User, uploads: Uploads) -> Confirmed:
    """Look at the stored picture and confirm its upload.

    Raises NotFound, Conflict (another etag) or Invalid (no picture).
    """
    metadata = await uploads.metadata(user.id, channel, body.key)
    stored = await look(uploads.store, body.key)
    if body.etag is not None and body.etag.strip('"') != stored.etag:
        raise Conflict("ETAG_MISMATCH", "Another picture is stored there by now; upload yours again.")
    size = dimensions(stored)
    await uploads.confirm(body.key, stored.etag, stored.size)
    return Confirmed(
        key=body.key,
        channel=channel,
        cdn_url=uploads.cdn_url(body.key),
        uploader_id=user.id,
        metadata=metadata,
        etag=stored.etag,
        content_type=stored.content_type,
        width=size[0],
        height=size[1],
    )


new = callback.new
