-- News: articles that were collected, and how it stands with where they come from.
CREATE SCHEMA IF NOT EXISTS news;

CREATE TABLE news.articles (
    id              uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    address         text        NOT NULL UNIQUE,      -- the URL without what does not tell articles apart
    url             text        NOT NULL,
    title           text        NOT NULL CHECK (title <> ''),
    snippet         text        NOT NULL,
    source          text        NOT NULL CHECK (source IN ('naver', 'newsdata')),
    source_name     text        NOT NULL,
    published_at    timestamptz NOT NULL,
    thumbnail_url   text,
    source_icon_url text,
    video_url       text,
    category        text        NOT NULL CHECK (category IN ('environment', 'energy', 'ai')),
    keywords        text[]      NOT NULL,
    ai_tag          text,
    sample          boolean     NOT NULL DEFAULT false,
    collected_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX articles_newest ON news.articles (published_at DESC, id DESC);
CREATE INDEX articles_newest_of ON news.articles (category, published_at DESC, id DESC);

CREATE TABLE news.sources (
    name         text        PRIMARY KEY,
    asked_at     timestamptz,                         -- when it was last asked
    day          date,                                -- in Korea, of `asked`
    asked        int         NOT NULL DEFAULT 0,      -- how often on that day
    succeeded_at timestamptz,
    failure      text,                                -- of the last time; NULL: it succeeded
    paused_until timestamptz                          -- it asked to be left alone
);
