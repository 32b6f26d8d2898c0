-- What every event function may need: which events it has handled.
CREATE SCHEMA IF NOT EXISTS ops;

CREATE TABLE ops.inbox (
    function    text        NOT NULL,
    source      text        NOT NULL,
    id          text        NOT NULL,
    worker      bigint,                              -- who is on it; alive while it holds its advisory lock
    lease_until timestamptz NOT NULL,
    attempt     integer     NOT NULL DEFAULT 1,
    output      bytea,                               -- JSON of the emitted event's data
    created_at  timestamptz NOT NULL DEFAULT now(),
    done_at     timestamptz,
    PRIMARY KEY (function, source, id)
);
CREATE INDEX inbox_created ON ops.inbox (created_at); -- for removal by age
