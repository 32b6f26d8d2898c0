-- Characters: who owns which.
CREATE SCHEMA IF NOT EXISTS characters;

CREATE TABLE characters.ownerships (
    user_id        uuid        NOT NULL,
    character_code text        NOT NULL,
    job_id         uuid,                              -- the scan that earned it; NULL for the default one
    granted_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, character_code)
);
