"""An article as a source tells of it, cleaned: text without markup, addresses that are safe to open."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

TITLE: Final = 300
SNIPPET: Final = 500
ADDRESS: Final = 2_000
"""Characters at most; titles and snippets are cut, longer addresses are no addresses."""
PASSES: Final = 5
"""Tags within tags that are taken out."""
# Tags of HTML and no others: headlines have labels such as <AI 시대>.
_TAG: Final = re.compile(
    r"<!--.*?(?:-->|$)|</?(?:a|abbr|article|audio|b|big|blockquote|body|br|button|center|code|div|dl|dt|dd|em|"
    r"embed|font|form|h[1-6]|head|hr|html|i|iframe|img|input|ins|li|link|mark|meta|object|ol|p|pre|s|script|section|"
    r"small|source|span|strike|strong|style|sub|sup|svg|table|tbody|td|th|thead|tr|u|ul|video)\b[^<>]*>?",
    re.IGNORECASE | re.DOTALL,
)
_HIDDEN: Final = re.compile(r"<(script|style)\b.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_NAME: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
_TRACKING: Final = re.compile(
    r"utm_.*|fbclid|gclid|dclid|msclkid|igshid|ref|from|cmp|spm|n_cid|_ga", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class NewArticle:
    """An article that was found. `address` is what tells it from others: see `address_of`."""

    address: str
    url: str
    title: str
    snippet: str
    source: str
    source_name: str
    published_at: datetime
    category: str
    keywords: tuple[str, ...] = ()
    thumbnail_url: str | None = None
    source_icon_url: str | None = None
    video_url: str | None = None
    ai_tag: str | None = None


def plain(text: str, most: int) -> str:
    """Text without tags, entities and control characters, cut at `most` characters.

    Entities are resolved twice: providers escape what was escaped already.
    """
    text = unicodedata.normalize("NFC", _untagged(html.unescape(html.unescape(_untagged(text)))))
    text = " ".join("".join(map(_visible, text)).split())
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _visible(character: str) -> str:
    """The character; nothing for one without width that is not within an emoji, a space for a control character."""
    kind = unicodedata.category(character)
    if kind[0] != "C" or character == "\u200d":
        return character
    return "" if kind == "Cf" else " "


def _untagged(text: str) -> str:
    for _ in range(PASSES):
        before, text = text, _TAG.sub("", _HIDDEN.sub("", text))
        if text == before:
            break
    return text


def web_address(text: str | None, *, secure: bool = False) -> str | None:
    """The address, if a browser may be sent there: http or https (`secure`: https) at a public name; else None."""
    text = html.unescape((text or "").strip())
    if not text or len(text) > ADDRESS or not text.isprintable() or re.search(r"[\s\\<>\"'`{}|^]", text):
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ({"https"} if secure else {"http", "https"}):
        return None
    if parts.username is not None or parts.password is not None or port not in {None, 80, 443}:
        return None
    host = (parts.hostname or "").rstrip(".")
    if not _NAME.fullmatch(host) or host.endswith((".local", ".internal", ".localhost", ".test", ".invalid")):
        return None
    return text


def address_of(url: str) -> str:
    """What tells an article by its address: host without `www.` or `m.`, path, parameters but those that track."""
    parts = urlsplit(url)
    host = re.sub(r"^(www|m|mobile)\.", "", (parts.hostname or "").rstrip("."))
    query = sorted((name, value) for name, value in parse_qsl(parts.query) if not _TRACKING.fullmatch(name))
    path = re.sub(r"/{2,}", "/", parts.path).rstrip("/")
    return f"{host}{path}" + (f"?{urlencode(query)}" if query else "")


def publisher(url: str) -> str:
    """The name of who published an address: as readers know it, else its host."""
    host = re.sub(r"^(www|m|mobile|news|n)\.", "", (urlsplit(url).hostname or "").rstrip("."))
    known = (name for domain, name in _PUBLISHERS.items() if host == domain or host.endswith(f".{domain}"))
    return next(known, host)


_PUBLISHERS: Final = {
    "yna.co.kr": "연합뉴스",
    "newsis.com": "뉴시스",
    "news1.kr": "뉴스1",
    "kbs.co.kr": "KBS",
    "imbc.com": "MBC",
    "sbs.co.kr": "SBS",
    "ytn.co.kr": "YTN",
    "jtbc.co.kr": "JTBC",
    "chosun.com": "조선일보",
    "joongang.co.kr": "중앙일보",
    "donga.com": "동아일보",
    "hani.co.kr": "한겨레",
    "khan.co.kr": "경향신문",
    "hankookilbo.com": "한국일보",
    "seoul.co.kr": "서울신문",
    "kmib.co.kr": "국민일보",
    "segye.com": "세계일보",
    "munhwa.com": "문화일보",
    "mk.co.kr": "매일경제",
    "hankyung.com": "한국경제",
    "sedaily.com": "서울경제",
    "mt.co.kr": "머니투데이",
    "edaily.co.kr": "이데일리",
    "asiae.co.kr": "아시아경제",
    "etnews.com": "전자신문",
    "zdnet.co.kr": "지디넷코리아",
    "hkbs.co.kr": "환경일보",
    "electimes.com": "전기신문",
    "e2news.com": "이투뉴스",
    "naver.com": "네이버 뉴스",
}
