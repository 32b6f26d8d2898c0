"""Gives the caller a presigned URL to upload one picture to."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from functions.images.bucket import MAX_BYTES
from functions.images.errors import ImageRejected
from functions.images.events import PictureExpected
from functions.images.uploads import CONTENT_TYPES, Channel, Uploads
from functions.runtime import Invalid, User, http_function
from functions.runtime.text import shown
from functions.runtime.waking import Waking


class WantedUpload(BaseModel):
    """The picture that a client wants to upload."""

    filename: Annotated[str, AfterValidator(shown), Field(min_length=1, max_length=255)]
    content_type: str = Field(min_length=1, max_length=100)
    content_length: int | None = Field(None, ge=1)
    metadata: dict[str, Any] | None = None


class UploadPlace(BaseModel):
    """The URL to PUT the bytes to, and the one to read them from afterwards."""

    key: str
    upload_url: str
    cdn_url: str
    expires_in: int
    required_headers: dict[str, str]


@http_function(
    "POST /api/v1/images/{channel}",
    max_body=16_384,
    rate_limit="60/60",
    problems=("IMAGE_TYPE_UNSUPPORTED", "IMAGE_TOO_LARGE", "TOO_MANY_UPLOADS"),
)
async def upload(
    channel: Channel, body: WantedUpload, user: User, uploads: Uploads, waking: Waking
) -> UploadPlace:
    """Presign one PUT that takes this content type only, for a quarter of an hour."""
    content_type = body.content_type.lower()
    if content_type not in CONTENT_TYPES:
        raise Invalid("IMAGE_TYPE_UNSUPPORTED", f"Upload one of {', '.join(CONTENT_TYPES)}.")
    if body.content_length is not None and body.content_length > MAX_BYTES:
        raise ImageRejected("IMAGE_TOO_LARGE", "A picture may have 10 MiB at most.")
    waking.wake(PictureExpected())
    place = await uploads.place(
        user.id, channel, body.filename, content_type, body.content_length, body.metadata
    )
    return UploadPlace(
        key=place.key,
        upload_url=place.url,
        cdn_url=place.cdn_url,
        expires_in=place.expires_s,
        required_headers={"Content-Type": content_type},
    )


new = upload.new
