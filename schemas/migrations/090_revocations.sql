-- Sessions that were ended before their access tokens were: kept until the last of those has expired. Without the
-- user, so that a deleted account leaves nothing behind.
CREATE TABLE auth.revocations (
    session    uuid        PRIMARY KEY,
    expires_at timestamptz NOT NULL,
    told_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX revocations_told ON auth.revocations (told_at);
CREATE INDEX revocations_expiry ON auth.revocations (expires_at); -- for removal by age
