-- Chat: conversations, their messages, and the turns in which a message is answered.
CREATE SCHEMA IF NOT EXISTS chat;

CREATE TABLE chat.conversations (
    id              uuid        PRIMARY KEY,
    user_id         text        NOT NULL,
    title           text,
    preview         text,                             -- the beginning of the newest message
    message_count   integer     NOT NULL DEFAULT 0,
    summary         text,                             -- of the messages up to summary_until, for the model
    summary_until   timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    last_message_at timestamptz,
    sorted_at       timestamptz NOT NULL DEFAULT now(), -- last_message_at, or created_at while there is none
    deleted_at      timestamptz
);
CREATE INDEX conversations_newest ON chat.conversations (user_id, sorted_at DESC, id DESC)
    WHERE deleted_at IS NULL;

CREATE TABLE chat.turns (
    job_id          uuid        PRIMARY KEY,
    conversation_id uuid        NOT NULL REFERENCES chat.conversations ON DELETE CASCADE,
    user_id         text        NOT NULL,
    status          text        NOT NULL DEFAULT 'active'
                                CHECK (status IN ('active', 'waiting', 'completed', 'failed', 'cancelled')),
    model           text        NOT NULL,
    location        json,                             -- latitude and longitude the message came with
    idempotency_key text,
    request_hash    bytea       NOT NULL,
    worker          bigint,                           -- who is on it; alive while it holds its advisory lock
    lease_until     timestamptz NOT NULL DEFAULT now(),
    attempt         integer     NOT NULL DEFAULT 0,
    cost_usd        double precision NOT NULL DEFAULT 0,
    needs           text,                             -- what a waiting turn waits for: location, confirmation
    waits_until     timestamptz,                      -- then it goes on without
    input           json,                             -- what the user gave, once
    trace_id        text,
    traceparent     text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    deadline_at     timestamptz NOT NULL,
    swept_at        timestamptz,
    ended_at        timestamptz,
    end_seq         integer,                          -- of the event that ended its stream
    error           text,                             -- why it ended without an answer
    UNIQUE (user_id, idempotency_key)
) WITH (fillfactor = 50);
CREATE INDEX turns_open ON chat.turns (created_at) WHERE status IN ('active', 'waiting');
CREATE INDEX turns_of_conversation ON chat.turns (conversation_id);
CREATE INDEX turns_of_user ON chat.turns (user_id);

CREATE TABLE chat.messages (
    id              uuid        PRIMARY KEY,
    conversation_id uuid        NOT NULL REFERENCES chat.conversations ON DELETE CASCADE,
    job_id          uuid        NOT NULL,
    role            text        NOT NULL CHECK (role IN ('user', 'assistant')),
    status          text        NOT NULL DEFAULT 'completed' CHECK (status IN ('completed', 'failed')),
    content         text        NOT NULL,
    image_url       text,
    intent          text,
    metadata        json,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (job_id, role)
);
CREATE INDEX messages_newest ON chat.messages (conversation_id, created_at DESC, id DESC);

CREATE TABLE chat.outbox (
    id         uuid        PRIMARY KEY,
    event      bytea       NOT NULL,                  -- a CloudEvent in structured mode
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_age ON chat.outbox (created_at, id);

-- Checkpoints of LangGraph: the newest of each conversation, behind those in Redis by a few seconds.
CREATE TABLE chat.checkpoints (
    thread_id     uuid        PRIMARY KEY REFERENCES chat.conversations ON DELETE CASCADE,
    content       json        NOT NULL,
    written_at    timestamptz NOT NULL DEFAULT now()
);
