"""Which addresses a picture may come from: the rules on URLs, and on what their hosts resolve to.

A URL is taken apart by one strict grammar instead of a lenient parser, so that no other parser can
read another host out of it. What a host name resolves to is checked where the connection is made:
the addresses that were checked are the ones connected to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final, Self

from functions.images.errors import ImageRejected
from functions.images.settings import ImageSettings
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.resources import Resources

_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9\-._~:/@!$&'()*+,;=%]*)?(?P<query>\?[A-Za-z0-9\-._~:/@!$&'()*+,;=%?]*)?"
)
_NAME: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
_CLIMBING: Final = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)|%2f|%5c|%00", re.IGNORECASE)
_MAX_URL: Final = 2048

# On top of what is not global anyway: addresses that stand for others, and a cloud's metadata service.
_REFUSED: Final = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "fec0::/10",
    )
)


@dataclass(frozen=True, slots=True)
class FetchPolicy(Service):
    """Which pictures may be fetched, and how large they may be.

    `own_prefixes`: URL prefixes of our own copies, trusted as configured. `hosts`: others, https only;
    `.example.com` also means every name below example.com. `own_timeout_s`: of our own pictures the copy may have to be
    made first.
    """

    own_prefixes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    max_bytes: int = 10 * 1024 * 1024
    longest_side: int = 1024
    timeout_s: float = 5.0
    own_timeout_s: float = 12.0
    max_redirects: int = 3

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """The configured policy."""
        return cls.of(resources.settings(ImageSettings))

    @classmethod
    def of(cls, settings: ImageSettings) -> Self:
        """The policy by `cdn_url` and `image_hosts`."""
        return cls(
            own_prefixes=(settings.cdn_url,) if settings.cdn_url else (),
            hosts=tuple(map(str.lower, settings.image_hosts)),
        )


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that may be fetched; `own`: it lies in our own store."""

    url: str
    own: bool


def check_url(url: str, policy: FetchPolicy) -> Address:
    """Check a URL as far as its text goes, without asking anyone. Raises ImageRejected (IMAGE_URL_INVALID)."""
    if url[:5].lower() == "data:":
        raise _invalid("pictures inside the URL (data:) are not taken; upload the picture first")
    parts = _URL.fullmatch(url) if len(url) <= _MAX_URL else None
    if parts is None:
        raise _invalid("not a plain http(s) address: no user, no fragment, other characters percent-encoded")
    if any(_within(parts, prefix) for prefix in policy.own_prefixes):
        return Address(url, own=True)
    host = parts["host"].lower()
    if not _NAME.fullmatch(host):
        raise _invalid("the host must be a domain name, not an address")
    if not _allowed(host, policy.hosts):
        raise _invalid("pictures from this host are not taken; upload the picture first")
    if parts["scheme"] != "https" or parts["port"] not in (None, "443"):
        raise _invalid("pictures from other hosts need https on its usual port")
    return Address(url, own=False)


def _invalid(detail: str) -> ImageRejected:
    return ImageRejected("IMAGE_URL_INVALID", detail)


def _within(parts: re.Match[str], prefix: str) -> bool:
    """Whether a URL lies below a prefix: same scheme, host and port, and a path with no way out of the prefix's."""
    own = _prefix(prefix)
    path = parts["path"] or "/"
    return _origin(parts) == _origin(own) and _below(path, own["path"] or "/") and not _CLIMBING.search(path)


@lru_cache(maxsize=32)
def _prefix(prefix: str) -> re.Match[str]:
    parts = _URL.fullmatch(prefix)
    if parts is None:
        raise ValueError(f"prefix of our own images is no plain http(s) address: {prefix!r}")
    return parts


def _origin(parts: re.Match[str]) -> tuple[str, str, int]:
    port = int(parts["port"] or (443 if parts["scheme"] == "https" else 80))
    return parts["scheme"], parts["host"].lower(), port


def _below(path: str, folder: str) -> bool:
    return path.startswith(folder if folder.endswith("/") else folder + "/")


def _allowed(host: str, hosts: Sequence[str]) -> bool:
    return any(
        host == each or (each[:1] == "." and (host.endswith(each) or host == each[1:])) for each in hosts
    )


def is_public(address: str) -> bool:
    """Whether an IP address is a host of the open internet and nothing that leads back inside."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if any(ip.version == network.version and ip in network for network in _REFUSED):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_private or ip.is_loopback)
