"""Settings of news: where articles come from, and how long they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import Secret, Url, setting


@dataclass(frozen=True, slots=True)
class NewsSettings:
    """The keys of Naver and NewsData; a source without a key is not asked."""

    naver_news_id: Secret = setting(
        Secret(""), "Naver client id, for the search of news", read_by="functions.news.naver"
    )
    naver_news_secret: Secret = setting(
        Secret(""), "Naver client secret, for the search of news", read_by="functions.news.naver"
    )
    naver_news_url: Url = setting("https://openapi.naver.com", "Naver search API")
    newsdata_key: Secret = setting(Secret(""), "NewsData.io API key", read_by="functions.news.newsdata")
    newsdata_url: Url = setting("https://newsdata.io", "NewsData.io API")
    news_timeout_s: float = setting(5, "longest wait for one answer of a source of news", least=0.1, most=20)
    news_cache_s: int = setting(60, "how long a page of the news is kept in the cache", least=1)
    news_days: int = setting(30, "days that articles are kept", least=1, most=3650)
