"""The statements on turns. Each changes a turn, its messages, its conversation and the outbox together."""

from __future__ import annotations

# The event leaves with the message: what the broker can't take now, the sweeper sends.
SUBMIT = """
WITH chat AS (
    SELECT id FROM chat.conversations WHERE (id, user_id) = (%(chat)s, %(user)s) AND deleted_at IS NULL
), under_way AS (
    SELECT chat.turns_under_way(%(user)s) AS turns
), turn AS (
    INSERT INTO chat.turns (job_id, conversation_id, user_id, model, location, idempotency_key, request_hash,
                            trace_id, traceparent, deadline_at)
    SELECT %(job)s, id, %(user)s, %(model)s, %(location)s::json, %(key)s, %(hash)s, %(trace)s, %(traceparent)s,
           now() + make_interval(secs => %(deadline_s)s) FROM chat, under_way WHERE turns < %(most)s
    ON CONFLICT (user_id, idempotency_key) DO NOTHING
    RETURNING job_id, conversation_id
), message AS (
    INSERT INTO chat.messages (id, conversation_id, job_id, role, content, image_url)
    SELECT %(message_id)s, conversation_id, job_id, 'user', %(content)s, %(image)s FROM turn
    RETURNING created_at
), touched AS (
    UPDATE chat.conversations c
    SET message_count = message_count + 1, preview = %(preview)s,
        last_message_at = message.created_at, sorted_at = message.created_at
    FROM turn, message WHERE c.id = turn.conversation_id
), event AS (
    INSERT INTO chat.outbox (id, event) SELECT job_id, %(event)s FROM turn
)
SELECT (SELECT id FROM chat), (SELECT job_id FROM turn), turns, earlier.job_id, earlier.request_hash
FROM under_way
LEFT JOIN chat.turns earlier ON (earlier.user_id, earlier.idempotency_key) = (%(user)s, %(key)s)
"""
# A turn that waits is taken up by the event of its input only. One in living hands is not taken.
CLAIM = """
WITH claimed AS (
    UPDATE chat.turns SET worker = %(worker)s, status = 'active', attempt = attempt + 1, waits_until = NULL,
                          lease_until = now() + make_interval(secs => %(lease_s)s)
    WHERE job_id = %(job)s
      AND (status = 'waiting' AND %(resumes)s AND input IS NOT NULL
           OR status = 'active' AND (worker IS NULL OR lease_until < now() OR pg_try_advisory_xact_lock(worker)))
    RETURNING attempt
)
SELECT (SELECT attempt FROM claimed), t.status, t.conversation_id, t.user_id, m.intent
FROM chat.turns t LEFT JOIN chat.messages m ON (m.job_id, m.role) = (t.job_id, 'assistant')
WHERE t.job_id = %(job)s
"""
TURN = """
SELECT t.conversation_id, t.user_id, m.content, m.image_url, t.model, t.location, t.attempt, t.input,
       t.needs IS NOT NULL
FROM chat.turns t JOIN chat.messages m ON (m.job_id, m.role) = (t.job_id, 'user')
WHERE t.job_id = %s
"""
RELEASE = """
UPDATE chat.turns SET worker = NULL, lease_until = now(), cost_usd = cost_usd + %s
WHERE job_id = %s AND worker = %s AND status = 'active'
"""
WAIT = """
UPDATE chat.turns SET status = 'waiting', needs = %s, worker = NULL, input = NULL,
                      waits_until = now() + make_interval(secs => %s),
                      deadline_at = deadline_at + make_interval(secs => %s), cost_usd = cost_usd + %s
WHERE job_id = %s AND worker = %s AND status = 'active'
"""
# The answer is in the conversation before anybody is told that it is there.
COMPLETE = """
WITH turn AS (
    UPDATE chat.turns SET status = 'completed', ended_at = now(), worker = NULL, end_seq = %(seq)s,
                          cost_usd = cost_usd + %(cost)s
    WHERE job_id = %(job)s AND worker = %(worker)s AND status = 'active'
    RETURNING job_id, conversation_id
), message AS (
    INSERT INTO chat.messages (id, conversation_id, job_id, role, content, intent, metadata)
    SELECT %(message_id)s, conversation_id, job_id, 'assistant', %(content)s, %(intent)s, %(metadata)s::json
    FROM turn
    ON CONFLICT (job_id, role) DO NOTHING
    RETURNING id, created_at
)
UPDATE chat.conversations c
SET message_count = message_count + 1, preview = %(preview)s,
    last_message_at = message.created_at, sorted_at = message.created_at
FROM turn, message WHERE c.id = turn.conversation_id
"""
_END = """
WITH turn AS (
    UPDATE chat.turns SET status = '{status}', ended_at = now(), worker = NULL, end_seq = %(seq)s,
                          error = %(code)s
    WHERE job_id = %(job)s AND status IN ('active', 'waiting')
    RETURNING job_id, conversation_id
), message AS (
    INSERT INTO chat.messages (id, conversation_id, job_id, role, status, content)
    SELECT %(message_id)s, conversation_id, job_id, 'assistant', 'failed', %(content)s FROM turn
    ON CONFLICT (job_id, role) DO NOTHING
    RETURNING created_at
), touched AS (
    UPDATE chat.conversations c
    SET message_count = message_count + 1, last_message_at = message.created_at, sorted_at = message.created_at
    FROM turn, message WHERE c.id = turn.conversation_id
)
SELECT t.job_id, (SELECT count(pg_notify('eco2_cancel', job_id::text)) FROM turn)
FROM chat.turns t WHERE t.job_id = %(job)s
"""
CANCEL = _END.format(status="cancelled")
FAIL = _END.format(status="failed")
# Whoever begins may draw; the others see what came of it: nothing yet, or the picture's address.
DRAW = """
WITH begun AS (
    UPDATE chat.turns SET drawing = '' WHERE job_id = %(job)s AND drawing IS NULL RETURNING job_id
)
SELECT (SELECT count(*) FROM begun), drawing FROM chat.turns WHERE job_id = %(job)s
"""
DRAWN = "UPDATE chat.turns SET drawing = %s WHERE job_id = %s"
GIVE = """
UPDATE chat.turns SET input = %(input)s::json
WHERE (job_id, user_id) = (%(job)s, %(user)s) AND status = 'waiting' AND input IS NULL
RETURNING conversation_id
"""
OWNED = "SELECT conversation_id, traceparent FROM chat.turns WHERE (job_id, user_id) = (%s, %s)"
STORY = """
SELECT t.status, t.end_seq, t.error, t.conversation_id, u.id, u.created_at, a.id, a.created_at, a.content, a.intent,
       a.metadata, t.trace_id, t.created_at, t.ended_at
FROM chat.turns t
LEFT JOIN chat.messages u ON (u.job_id, u.role) = (t.job_id, 'user')
LEFT JOIN chat.messages a ON (a.job_id, a.role) = (t.job_id, 'assistant')
WHERE t.job_id = %s
"""
LATE = """
SELECT job_id FROM chat.turns
WHERE status IN ('active', 'waiting') AND deadline_at < now() ORDER BY created_at LIMIT %s
"""
# A turn that waited long enough goes on without what it waits for.
UNANSWERED = """
UPDATE chat.turns SET input = '{"type": "timeout"}'
WHERE job_id IN (SELECT job_id FROM chat.turns
                 WHERE status = 'waiting' AND input IS NULL AND waits_until < now()
                 ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED)
"""
# Nothing has moved for a while and nobody alive is on it: its event is emitted again.
OVERDUE = """
UPDATE chat.turns SET swept_at = now()
WHERE job_id IN (
    SELECT job_id FROM chat.turns
    WHERE (status = 'waiting' AND input IS NOT NULL
           OR status = 'active' AND (worker IS NULL OR lease_until < now() OR pg_try_advisory_xact_lock(worker)))
      AND greatest(created_at, swept_at, CASE WHEN worker IS NULL AND status = 'active' THEN lease_until END)
          < now() - make_interval(secs => %(overdue_s)s)
    ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING job_id, conversation_id, user_id, status = 'waiting', traceparent
"""
