"""Fetching pictures from addresses that clients give, without being led anywhere else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urljoin

from functions.images.addresses import Address, FetchPolicy, check_url, is_public
from functions.images.decoding import Decoders
from functions.images.errors import ImageRejected, ImageUnavailable
from functions.images.picture import FetchedImage, plain
from functions.runtime.errors import NotFound
from functions.runtime.resources import Service
from process import tracing

if TYPE_CHECKING:
    import ssl

    import aiohttp
    from aiohttp.abc import AbstractResolver

    from functions.images.copies import PublicCopies
    from functions.runtime.resources import Resources

__all__ = [
    "FetchPolicy",
    "FetchedImage",
    "ImageFetcher",
    "ImageRejected",
    "ImageUnavailable",
    "check_url",
]

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NOT_THERE: Final = _REDIRECTS | {400, 403, 404}
"""Of our own store: it leads elsewhere, or says that there is nothing, which S3 does with 403, or why (400)."""
_CHUNK: Final = 64 * 1024
_AT_ONCE: Final = 64
"""Downloads in flight; with 10 MiB each, this bounds the memory they take."""


class AddressRefusedError(OSError):
    """A host name resolved to an address that is not public."""


class ImageFetcher(Service):
    """A client for pictures that keeps connections open. One event loop; close it at the end.

    `copies` makes public copies of our own pictures, opened when the first is needed.
    `resolver`, `tls` and `public` (the rule on resolved addresses) are replaced in tests only.
    """

    def __init__(
        self,
        policy: FetchPolicy,
        decoders: Decoders,
        copies: Callable[[], Awaitable[PublicCopies]] | None = None,
        *,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        public: Callable[[str], bool] = is_public,
    ) -> None:
        self.policy = policy
        self._resolver = resolver
        self._tls = tls
        self._public = public
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._downloads = asyncio.Semaphore(_AT_ONCE)
        self._decoders, self._copies = decoders, copies

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """A client with the configured policy and the process's decoders."""
        decoders = await resources.get(Decoders)
        fetcher = cls(await resources.get(FetchPolicy), decoders, lambda: _copies(resources))
        resources.on_close(fetcher.close)
        return fetcher

    async def fetch(self, url: str) -> FetchedImage:
        """The picture, redrawn as a JPEG without metadata, longest side as the policy says.

        Raises ImageRejected (never worth a retry) and ImageUnavailable (network trouble, 5 s over).
        """
        async with self._downloads:
            try:
                with tracing.call("GET picture", dict) as span:  # the address is what a user wrote
                    # Of our own pictures, the copy may have to be made first.
                    budget_s = self._budget_s(url)
                    async with asyncio.timeout(budget_s):
                        data = await self._download(url)
                    span.set_attribute("http.response.body.size", len(data))
            except TimeoutError:
                raise ImageUnavailable(f"no picture within {budget_s:g} s") from None
            image = plain(data, self.policy.longest_side)
            if image is not None:
                return image
            with tracing.call("decode picture", dict, kind=tracing.SpanKind.INTERNAL):
                return await self._decoders.redraw(data, self.policy.longest_side)

    async def close(self) -> None:
        """Close the connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def _budget_s(self, url: str) -> float:
        own = check_url(url, self.policy).own
        return self.policy.own_timeout_s if own else self.policy.timeout_s

    async def _download(self, url: str) -> bytes:
        import aiohttp

        try:
            for _ in range(self.policy.max_redirects + 1):
                found = await self._hop(check_url(url, self.policy))
                if found is None:
                    return await self._made(url)
                if isinstance(found, bytes):
                    return found
                url = urljoin(url, found)
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefusedError):
                raise ImageRejected("IMAGE_URL_INVALID", "the host leads to an inner address") from None
            raise ImageUnavailable("the picture's server can't be reached") from None
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise ImageUnavailable(f"the picture's server broke off ({type(error).__name__})") from None
        raise ImageRejected("IMAGE_URL_INVALID", f"more than {self.policy.max_redirects} redirects")

    async def _made(self, url: str) -> bytes:
        """The public copy at one of our own addresses, which nobody has asked for before."""
        assert self._copies
        copies = await self._copies()
        try:
            return await copies.made(url)
        except NotFound:
            raise _nothing() from None

    async def _hop(self, address: Address) -> bytes | str | None:
        """Ask one address: its body, where it redirects to, or None where our own store has no such copy."""
        from yarl import URL

        session = self._session(own=address.own)
        makes = address.own and self._copies is not None  # the copy, here, without another function's start
        asked = {"cache-control": "only-if-cached"} if makes else {}
        url = URL(address.url, encoded=True)
        async with session.get(url, headers=asked, allow_redirects=False) as response:
            if makes and response.status in _NOT_THERE:
                return None
            if response.status in _REDIRECTS:
                return response.headers.get("location", "")
            if response.status == 429 or response.status >= 500:
                raise ImageUnavailable(f"the picture's server answered {response.status}")
            if response.status != 200:
                raise ImageRejected("IMAGE_URL_INVALID", f"no picture there: status {response.status}")
            # A declared length is only good for saying no early; the count below is what binds.
            if (response.content_length or 0) > self.policy.max_bytes:
                raise self._too_large()
            data = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                data += chunk
                if len(data) > self.policy.max_bytes:
                    raise self._too_large()
            return bytes(data)

    def _too_large(self) -> ImageRejected:
        allowed = self.policy.max_bytes / 1024 / 1024
        return ImageRejected("IMAGE_TOO_LARGE", f"the picture is larger than {allowed:g} MiB")

    def _session(self, *, own: bool) -> aiohttp.ClientSession:
        """The session for our own store, reached as configured, or for others, at public addresses only."""
        import aiohttp

        session = self._sessions.get(own)
        if session is None:
            tls = self._tls or True
            connector = (
                aiohttp.TCPConnector(limit=_AT_ONCE, ssl=tls)
                if own
                else aiohttp.TCPConnector(
                    limit=_AT_ONCE,
                    ssl=tls,
                    resolver=_checked(self._resolver or aiohttp.DefaultResolver(), self._public),
                    use_dns_cache=False,
                )
            )
            session = self._sessions[own] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"accept": "image/*", "accept-encoding": "identity", "user-agent": "eco2"},
                auto_decompress=False,  # a compressed body is no picture, and a bomb stays folded
                trust_env=False,  # a proxy would resolve the name a second time
            )
        return session


async def _copies(resources: Resources) -> PublicCopies:
    from functions.images.copies import PublicCopies

    return await resources.get(PublicCopies)


def _nothing() -> ImageRejected:
    return ImageRejected("IMAGE_URL_INVALID", "there is no picture at this address")


def _checked(resolver: AbstractResolver, public: Callable[[str], bool]) -> AbstractResolver:
    """A resolver like `resolver`, but names with any address that is not public do not resolve.

    aiohttp connects to exactly the addresses returned here, so there is no second look-up to rebind.
    """
    from aiohttp.abc import AbstractResolver as Resolver
    from aiohttp.abc import ResolveResult

    class Checked(Resolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            found = await resolver.resolve(host, port, family)
            if not all(public(result["host"]) for result in found):
                raise AddressRefusedError("resolves to an inner address")
            return found

        async def close(self) -> None:
            await resolver.close()

    return Checked()
