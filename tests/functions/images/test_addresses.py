"""Which addresses are taken, and which are not, however they are written."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from functions.images.addresses import FetchPolicy, check_url, is_public
from functions.images.errors import ImageRejected
from functions.images.settings import ImageSettings
from process.settings import read

POLICY = FetchPolicy(
    own_prefixes=("http://127.0.0.1:9000/eco2-images", "https://cdn.eco2.example/"),
    hosts=("img.example.com", ".photos.example"),
)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/eco2-images/scan/a.png",
        "http://127.0.0.1:9000/eco2-images/scan/a.png?X-Amz-Signature=abc%2F",
        "https://cdn.eco2.example/scan/a.png",
        "https://CDN.eco2.example:443/scan/a.png",
    ],
)
def test_our_own_store_is_taken(url: str) -> None:
    assert check_url(url, POLICY).own


@pytest.mark.parametrize(
    "url",
    [
        "https://img.example.com/a.jpg",
        "https://IMG.example.com:443/a.jpg?size=1",
        "https://img.example.com",
        "https://photos.example/a",
        "https://a.b.photos.example/a",
    ],
)
def test_listed_hosts_are_taken(url: str) -> None:
    assert not check_url(url, POLICY).own


REFUSED = [
    "",
    "data:image/png;base64,AAAA",
    "DATA:image/png;base64,AAAA",
    "file:///etc/passwd",
    "ftp://img.example.com/a",
    "gopher://img.example.com/a",
    "//img.example.com/a",
    "img.example.com/a",
    "https:/img.example.com/a",
    "http://img.example.com/a",
    "https://img.example.com:8443/a",
    "https://img.example.com:0443/a",
    "https://img.example.com./a",
    "https://img.example.com.evil.example/a",
    "https://evilimg.example.com/a",
    "https://notphotos.example/a",
    "https://img.example.com@evil.example/a",
    "https://user:secret@img.example.com/a",
    "https://evil.example#@img.example.com/a",
    "https://evil.example\\@img.example.com/a",
    "https://img.example.com\\.evil.example/a",
    "https://img.example.com/a b",
    "https://img.example.com/a\nhost: evil",
    "https://img.example.com/a\r\n",
    " https://img.example.com/a",
    "https://img.example.com/a\x00",
    "https://img.example.com/#fragment",
    "https://img%2eexample.com/a",
    "https://ｉmg.example.com/a",
    "https://img。example.com/a",
    "https://img.example.com/사진.jpg",
    "https://img.example.com/" + "a" * 2048,
    "https://localhost/a",
    "https://127.0.0.1/a",
    "https://2130706433/a",
    "https://0x7f000001/a",
    "https://0177.0.0.1/a",
    "https://127.1/a",
    "https://0/a",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/a",
    "https://[::ffff:127.0.0.1]/a",
    "https://[::ffff:7f00:1]/a",
    "https://[fe80::1%25eth0]/a",
    "https://[64:ff9b::7f00:1]/a",
    "https://93.184.216.34/a",
    "http://127.0.0.1:9001/eco2-images/a.png",
    "https://127.0.0.1:9000/eco2-images/a.png",
    "http://127.0.0.1:9000/",
    "http://127.0.0.1:9000/eco2-images",
    "http://127.0.0.1:9000/eco2-images-private/a.png",
    "http://127.0.0.1:9000/eco2-images/../secrets/a.png",
    "http://127.0.0.1:9000/eco2-images/%2e%2e/secrets/a.png",
    "http://127.0.0.1:9000/eco2-images/..%2fsecrets/a.png",
    "http://127.0.0.1:9000/eco2-images/.%2E/secrets/a.png",
    "http://127.0.0.1:9000/eco2-images/..%5csecrets",
    "http://user@127.0.0.1:9000/eco2-images/a.png",
    "http://2130706433:9000/eco2-images/a.png",
]


@pytest.mark.parametrize("url", REFUSED)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(ImageRejected) as raised:
        check_url(url, POLICY)
    assert raised.value.code == "IMAGE_URL_INVALID"
    assert raised.value.status == 400


SCRAPS = (
    "https://|http://|img.example.com|evil.example|127.0.0.1:9000|/eco2-images/|@|:|/|?|#|\\|.|..|%2e|%2f|%40|[::1]"
    "|\t| |;|&|443|a|한"
)


@given(st.lists(st.sampled_from(SCRAPS.split("|")), min_size=1, max_size=9).map("".join))
def test_no_other_parser_reads_another_host_out_of_an_accepted_url(url: str) -> None:
    try:
        address = check_url(url, POLICY)
    except ImageRejected:
        return
    hosts = {urlsplit(url).hostname, URL(url, encoded=True).host, URL(url).host}
    assert len(hosts) == 1
    assert hosts <= (
        {"127.0.0.1", "cdn.eco2.example"} if address.own else {"img.example.com", "photos.example"}
    )


INNER = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "169.254.169.254",
    "168.63.129.16", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "nonsense", "",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "2a00:1450:4001::1"])
def test_open_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_a_policy_comes_from_the_settings() -> None:
    settings = read(
        ImageSettings,
        {
            "ECO2_CDN_URL": "https://cdn.eco2.example/i/",
            "ECO2_OBJECTS_URL": "http://127.0.0.1:9000/",
            "ECO2_OBJECTS_BUCKET": "pictures",
            "ECO2_IMAGE_HOSTS": "Img.example.com, .photos.example",
        },
    )
    policy = FetchPolicy.of(settings)
    assert policy.own_prefixes == ("https://cdn.eco2.example/i",)
    assert policy.hosts == ("img.example.com", ".photos.example")
    assert FetchPolicy.of(ImageSettings()).own_prefixes == ()
