-- Announcements of quarantined events leave with the row that they tell of.
CREATE TABLE ops.outbox (
    id         uuid        PRIMARY KEY,
    event      bytea       NOT NULL,                  -- a CloudEvent in structured mode
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_age ON ops.outbox (created_at, id);
CREATE INDEX outbox_age ON auth.outbox (created_at, id);
