-- Pictures of users: the places given out, and which of them hold a picture.
CREATE SCHEMA IF NOT EXISTS images;

CREATE TABLE images.uploads (
    key          text        PRIMARY KEY,             -- of the object: <channel>/<user id>/<uuid>.<ext>
    user_id      uuid        NOT NULL,
    channel      text        NOT NULL CHECK (channel IN ('chat', 'scan', 'my')),
    filename     text        NOT NULL,
    content_type text        NOT NULL,
    metadata     jsonb,
    created_at   timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,                         -- when the user told that it is there
    etag         text,
    size         bigint
);
CREATE INDEX uploads_user ON images.uploads (user_id);
