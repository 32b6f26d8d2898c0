-- Users: accounts, how they sign in, and the characters they have collected.
CREATE SCHEMA IF NOT EXISTS users;

CREATE TABLE users.accounts (
    id                uuid        PRIMARY KEY,
    username          text        NOT NULL CHECK (username <> ''),
    nickname          text        NOT NULL CHECK (nickname <> ''),
    email             text,
    phone_number      text        UNIQUE,
    profile_image_url text,
    provider          text        NOT NULL,
    registered_at     timestamptz,                    -- NULL: seen, but eco2.user.registered has not come yet
    last_login_at     timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users.social_accounts (
    provider         text        NOT NULL,
    provider_user_id text        NOT NULL,
    user_id          uuid        NOT NULL REFERENCES users.accounts ON DELETE CASCADE,
    email            text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, provider_user_id)
);
CREATE INDEX social_accounts_user ON users.social_accounts (user_id);

-- Without a reference to the account: a character may be granted before its account's event has come.
CREATE TABLE users.user_characters (
    id             uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id        uuid        NOT NULL,
    character_code text        NOT NULL,
    job_id         uuid,                              -- the scan that earned it; NULL for the default one
    acquired_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, character_code)
);
