"""What news keep, and how long. The collector removes the articles: samples stay until there are real ones."""

from __future__ import annotations

from functions.runtime.retention import Retention, Stays

RETENTION: Retention = (
    Stays("news.articles", "articles", "`ECO2_NEWS_DAYS` after they were published"),
    Stays("news.sources", "how each source was asked last", "the source is dropped"),
)
