-- Dead letters, one row a (event, trigger that could not deliver it).
CREATE TABLE ops.quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    event_id text NOT NULL,
    trigger text NOT NULL,
    type text NOT NULL,
    subject text,
    attributes jsonb NOT NULL,
    data bytea NOT NULL,
    error_code integer,
    error_data text,
    state text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'redriven', 'exhausted', 'discarded')),
    redrives integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, event_id, trigger)
);
CREATE INDEX quarantine_due ON ops.quarantine (due_at) WHERE state = 'held';
