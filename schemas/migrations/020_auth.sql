-- Sign-in: which person is which user, the logins and their refresh tokens, the audit of both.
CREATE SCHEMA IF NOT EXISTS auth;

CREATE TABLE auth.identities (
    provider         text        NOT NULL,
    provider_user_id text        NOT NULL,
    user_id          uuid        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    last_login_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, provider_user_id)
);
CREATE INDEX identities_user ON auth.identities (user_id);

CREATE TABLE auth.sessions (
    id          uuid        PRIMARY KEY,              -- claim `sid` of its tokens
    user_id     uuid        NOT NULL,
    provider    text        NOT NULL,
    refresh_jti uuid        NOT NULL,                 -- the one refresh token that still works
    device_id   text,
    user_agent  text        NOT NULL DEFAULT '',
    issued_at   timestamptz NOT NULL DEFAULT now(),
    renewed_at  timestamptz,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    ended_by    text        CHECK (ended_by IN ('logout', 'reuse', 'deletion'))
);
CREATE INDEX sessions_user ON auth.sessions (user_id);
CREATE INDEX sessions_expiry ON auth.sessions (expires_at); -- for removal by age

CREATE TABLE auth.login_audits (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    uuid        NOT NULL,
    provider   text        NOT NULL,
    jti        uuid        NOT NULL,
    ip         text        NOT NULL,
    user_agent text        NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX login_audits_user ON auth.login_audits (user_id, at);

-- Events that must leave, written with the change they tell of; a row stays until the broker has the event.
CREATE TABLE IF NOT EXISTS auth.outbox (
    id         uuid        PRIMARY KEY,
    event      bytea       NOT NULL,                  -- structured JSON
    created_at timestamptz NOT NULL DEFAULT now()
);
