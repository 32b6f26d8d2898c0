-- Scans: the job, what each stage made of it, the events that must leave, and who has won what.
CREATE SCHEMA IF NOT EXISTS scan;

CREATE TABLE scan.jobs (
    id              uuid        PRIMARY KEY,
    user_id         text        NOT NULL,
    status          text        NOT NULL DEFAULT 'active'
                                CHECK (status IN ('active', 'completed', 'failed', 'cancelled')),
    image_url       text        NOT NULL,
    user_input      text        NOT NULL,
    model           text        NOT NULL,
    idempotency_key text,
    request_hash    bytea       NOT NULL,
    trace_id        text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    deadline_at     timestamptz NOT NULL,
    swept_at        timestamptz,                      -- when the sweeper last emitted it again
    ended_at        timestamptz,
    outcome         json,                             -- the body of GET result, once ended; keeps the order of steps
    UNIQUE (user_id, idempotency_key)
) WITH (fillfactor = 50);
CREATE INDEX jobs_history ON scan.jobs (user_id, created_at DESC, id DESC);
CREATE INDEX jobs_active ON scan.jobs (created_at) WHERE status = 'active';

CREATE TABLE scan.stage_results (
    job_id      uuid        NOT NULL REFERENCES scan.jobs ON DELETE CASCADE,
    stage       text        NOT NULL,
    event_id    text        NOT NULL,                 -- of the event that asked for it; its reply's id follows
    worker      bigint,                               -- who is on it; alive while it holds its advisory lock
    lease_until timestamptz NOT NULL,
    attempt     integer     NOT NULL DEFAULT 1,
    output      bytea,                                -- JSON of the emitted event's data
    cost_usd    double precision NOT NULL DEFAULT 0,  -- paid for this stage, repeated attempts included
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (job_id, stage)
) WITH (fillfactor = 50);                             -- each row is updated once, in its page

CREATE TABLE scan.grants (
    user_id    text        NOT NULL,
    character  text        NOT NULL,
    job_id     uuid        NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, character)
);

CREATE TABLE scan.outbox (
    id         uuid        PRIMARY KEY,
    event      bytea       NOT NULL,                  -- a CloudEvent in structured mode
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_age ON scan.outbox (created_at, id);
