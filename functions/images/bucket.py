"""The object store as our functions use it: single objects by presigned requests, in bounded time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from functions.images.errors import ImageRejected, ImageUnavailable
from functions.images.signing import Store

if TYPE_CHECKING:
    import aiohttp

BUDGET_S: Final = 5.0
MAX_BYTES: Final = 10 * 1024 * 1024
_CONNECTIONS: Final = 32
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class BucketAnswer:
    """The store's answer to one request; names of `headers` in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def etag(self) -> str:
        """The object's ETag without quotes."""
        return self.headers.get("etag", "").strip('"')

    @property
    def missing(self) -> bool:
        """Whether there is no such object; S3 says 403 where listing is not allowed."""
        return self.status in (403, 404)


class Bucket:
    """A client that keeps connections to the store open. One event loop; close it at the end."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._session: aiohttp.ClientSession | None = None

    async def get(self, name: str, headers: Mapping[str, str] | None = None) -> BucketAnswer:
        """An object, a part of it or that it is unchanged, as `headers` ask; of objects that are not there, `missing`.

        Raises ImageRejected (too large) and ImageUnavailable.
        """
        return await self._ask("GET", name, sent=headers, good=(200, 206, 304, 403, 404, 416))

    async def head(self, name: str) -> BucketAnswer:
        """The headers of an object. Raises ImageUnavailable."""
        return await self._ask("HEAD", name, good=(200, 403, 404))

    async def write_once(self, name: str, body: bytes, headers: Mapping[str, str]) -> bool:
        """Store an object unless there is one; whether it was stored. Raises ImageUnavailable."""
        signed = {**headers, "if-none-match": "*"}
        # 409: another writer is at it right now (S3).
        answer = await self._ask("PUT", name, signed=signed, body=body, good=(200, 409, 412))
        return answer.status == 200

    async def delete(self, name: str) -> None:
        """Remove an object, if it is there. Raises ImageUnavailable."""
        await self._ask("DELETE", name, good=(200, 204, 404))

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def _ask(
        self,
        method: str,
        name: str,
        *,
        good: tuple[int, ...],
        signed: Mapping[str, str] | None = None,
        sent: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> BucketAnswer:
        import aiohttp
        from yarl import URL

        # The signature covers the URL as botocore wrote it.
        url = URL(self._store.presign(method, name, signed), encoded=True)
        headers = {**(signed or {}), **(sent or {})}
        try:
            async with (
                asyncio.timeout(BUDGET_S),
                self._opened().request(
                    method, url, data=body, headers=headers, allow_redirects=False
                ) as response,
            ):
                if response.status not in good:
                    raise _unavailable()
                read = await _bounded(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unavailable() from error
        return BucketAnswer(response.status, {k.lower(): v for k, v in response.headers.items()}, read)

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"accept-encoding": "identity"},
                auto_decompress=False,
            )
        return self._session


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        data += chunk
        if len(data) > MAX_BYTES:
            raise ImageRejected("IMAGE_TOO_LARGE", "A picture may have 10 MiB at most.")
    return bytes(data)


def _unavailable() -> ImageUnavailable:
    return ImageUnavailable("The picture can't be looked at now; try again.")
