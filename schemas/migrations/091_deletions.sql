-- Accounts that are being deleted: a row stays for an hour, in which the event of it comes again.
CREATE TABLE auth.deletions (
    user_id uuid        PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    told    integer     NOT NULL DEFAULT 0            -- how often the event has left
);
