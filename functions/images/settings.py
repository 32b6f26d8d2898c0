"""Settings of pictures: where they are stored and read, and from where else they may come."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import Names, Secret, setting


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """The object store, its public address, and foreign hosts."""

    objects_url: str = setting("", "object store (S3 wire format) the client uploads to")
    cdn_url: str = setting("", "public prefix of uploaded images")
    objects_bucket: str = setting("eco2-images", "bucket of uploaded images")
    objects_access_key: str = setting("eco2", "object store access key id")
    objects_secret_key: Secret = setting(Secret(""), "object store secret key")
    image_hosts: Names = setting((), "other hosts images may come from, comma separated, https only")
