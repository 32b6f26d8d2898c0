"""Confirms an upload after a look at the stored picture."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from functions.images.copies import PublicCopies
from functions.images.errors import ImageRejected
from functions.images.uploads import Channel, Uploads
from functions.runtime import Conflict, User, http_function


class Uploaded(BaseModel):
    """The upload that a client reports; `etag` as the store answered its PUT."""

    key: str = Field(min_length=1, max_length=255)
    etag: str | None = Field(None, max_length=100)


class Confirmed(BaseModel):
    """The uploaded picture; width and height in pixels, upright. What `cdn_url` shows is never another one."""

    key: str
    channel: Channel
    cdn_url: str
    uploader_id: str
    metadata: dict[str, Any] | None
    etag: str
    content_type: str
    width: int
    height: int


@http_function(
    "POST /api/v1/images/{channel}/callback",
    max_body=4_096,
    rate_limit="60/60",
    timeout=20,
    problems=("IMAGE_NOT_FOUND", "ETAG_MISMATCH", "IMAGE_TOO_LARGE", "IMAGE_UNREADABLE", "IMAGE_UNAVAILABLE"),
)
async def callback(
    channel: Channel, body: Uploaded, user: User, uploads: Uploads, copies: PublicCopies
) -> Confirmed:
    """Make the public copy of the stored picture, and confirm its upload.

    Raises NotFound, Conflict (another etag) or Invalid (no picture).
    """
    upload = await uploads.of(user.id, channel, body.key)
    found = await copies.publish(upload.key)
    if body.etag is not None and body.etag.strip('"') != found.etag:
        raise Conflict("ETAG_MISMATCH", "Another picture was stored there; upload yours again.")
    content_type = f"image/{found.kind}"
    if content_type != upload.content_type:
        raise ImageRejected(
            "IMAGE_UNREADABLE",
            f"This is {content_type}, but {upload.content_type} was announced; upload it again.",
        )
    await uploads.confirm(upload.key)
    return Confirmed(
        key=upload.key,
        channel=channel,
        cdn_url=uploads.cdn_url(upload.key),
        uploader_id=user.id,
        metadata=upload.metadata,
        etag=found.etag,
        content_type=content_type,
        width=found.width,
        height=found.height,
    )


new = callback.new
