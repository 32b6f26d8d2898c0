"""Settings of pictures: where they are stored and read, and from where else they may come."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import Names, Secret, Url, setting

SHOWN = "/api/v1/images"
"""The path below which the function `images-show` shows pictures, and makes the copies that are not there yet."""


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """The object store, its public address, and foreign hosts."""

    objects_url: Url = setting("", "object store (S3 wire format) the client uploads to")
    objects_inner_url: Url = setting("", "object store as functions reach it, if not as clients do")
    cdn_url: Url = setting("", "public prefix of the pictures' public copies")
    objects_bucket: str = setting(
        "eco2-images",
        "bucket of uploaded images",
        pattern="[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        expected="a bucket's name",
    )
    objects_access_key: str = setting(
        "eco2", "object store access key id", read_by="functions.images.uploads"
    )
    objects_secret_key: Secret = setting(
        Secret(""), "object store secret key", read_by="functions.images.uploads"
    )
    image_days: int = setting(
        400, "days that pictures of scans and chats are kept after they were first shown", least=1
    )
    image_hosts: Names = setting(
        (),
        "other hosts images may come from, comma separated, https only",
        pattern="[.]?[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+",
        expected="names of hosts",
    )
