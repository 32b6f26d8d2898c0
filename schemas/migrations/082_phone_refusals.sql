-- How often an account was told that a phone number is another's: without a bound, asking would tell who is here.
CREATE TABLE users.phone_refusals (
    user_id  uuid        PRIMARY KEY,
    began_at timestamptz NOT NULL DEFAULT now(),      -- of the day that is counted
    refused  integer     NOT NULL DEFAULT 1
);
