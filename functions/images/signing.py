"""Presigned URLs of the object store: AWS Signature Version 4 in the query string, path-style addresses.

Source: "Authenticating Requests: Using Query Parameters", Amazon S3 API reference; signed by botocore.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from functions.runtime.errors import Unavailable

if TYPE_CHECKING:
    from functions.images.settings import ImageSettings

REGION = "ap-northeast-2"
EXPIRES_S = 900


@dataclass(frozen=True, slots=True)
class Store:
    """The object store: its address, bucket and key. `url` has no bucket and may have a path."""

    url: str
    bucket: str
    access_key: str
    secret_key: str
    region: str = REGION

    @classmethod
    def of(cls, settings: ImageSettings) -> Self:
        """The configured store. Raises Unavailable when there is none."""
        secret = settings.objects_secret_key.get_secret_value()
        if not settings.objects_url or not settings.cdn_url or not secret:
            raise Unavailable("Pictures can't be stored at the moment; try again.", code="NOT_CONFIGURED")
        return cls(
            settings.objects_url.rstrip("/"), settings.objects_bucket, settings.objects_access_key, secret
        )

    @classmethod
    def inner(cls, settings: ImageSettings) -> Self:
        """The configured store as functions reach it. Raises Unavailable when there is none."""
        store = cls.of(settings)
        return replace(store, url=settings.objects_inner_url.rstrip("/") or store.url)

    def presign_put(
        self, key: str, content_type: str, *, content_length: int | None = None, expires_s: int = EXPIRES_S
    ) -> str:
        """A URL that takes one PUT of this type – and, if given, of exactly this many bytes – for a time."""
        headers = {"content-type": content_type}
        if content_length is not None:
            headers["content-length"] = str(content_length)
        return self._presign("PUT", key, headers, expires_s)

    def presign(self, method: str, key: str, headers: Mapping[str, str] | None = None) -> str:
        """A URL for one request of our own, with the headers that its signature covers."""
        return self._presign(method, key, headers or {}, EXPIRES_S)

    def _presign(self, method: str, key: str, headers: Mapping[str, str], expires_s: int) -> str:
        from botocore.auth import S3SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        request = AWSRequest(method=method, url=f"{self.url}/{self.bucket}/{key}", headers=dict(headers))
        credentials = Credentials(self.access_key, self.secret_key)
        S3SigV4QueryAuth(credentials, "s3", self.region, expires=expires_s).add_auth(request)
        return str(request.url)
