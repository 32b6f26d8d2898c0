-- Each upload gets one public copy: written once, without metadata. The key of an upload tells nothing of its user.
ALTER TABLE images.uploads
    ADD COLUMN published_at     timestamptz,          -- when its public copy was written
    ADD COLUMN width            int,                  -- of the uploaded picture, upright
    ADD COLUMN height           int,
    ADD COLUMN kind             text,                 -- what it really is: jpeg, png, webp, gif, heic
    ADD COLUMN rejected_etag    text,                 -- bytes that can never be published, and why
    ADD COLUMN rejected_code    text,
    ADD COLUMN rejected_detail  text;
COMMENT ON COLUMN images.uploads.key IS 'of the upload: <channel>/<uuid>';
COMMENT ON COLUMN images.uploads.etag IS 'of the bytes that the public copy was made of';
CREATE INDEX uploads_open ON images.uploads (user_id) WHERE published_at IS NULL; -- how many a user has
CREATE INDEX uploads_age ON images.uploads (created_at) WHERE published_at IS NULL; -- for the sweep

-- Objects that are to go: at `due_at`, and once more at `until`, because a URL that was given out before still takes
-- a PUT. Nothing here tells whose they were.
CREATE TABLE images.removals (
    name   text        PRIMARY KEY,                   -- of the object in its bucket
    due_at timestamptz NOT NULL DEFAULT now(),
    until  timestamptz NOT NULL
);
CREATE INDEX removals_due ON images.removals (due_at);
