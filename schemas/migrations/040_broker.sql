CREATE SCHEMA IF NOT EXISTS broker;

-- One row a (event, trigger) that is accepted and not settled yet. Written by the one owner of the embedded
-- broker's advisory lock, which also gives out seq.
CREATE TABLE broker.journal (
    trigger text NOT NULL,
    seq bigint NOT NULL,
    attributes json NOT NULL,
    data bytea NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    not_before timestamptz,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (trigger, seq)
) WITH (
    -- Rows live for milliseconds: vacuum by count, so that dead index entries at the head stay few.
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 100000
);
