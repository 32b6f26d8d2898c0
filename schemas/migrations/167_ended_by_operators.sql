-- Operators end logins, too.
ALTER TABLE auth.sessions DROP CONSTRAINT sessions_ended_by_check;
ALTER TABLE auth.sessions
    ADD CONSTRAINT sessions_ended_by_check CHECK (ended_by IN ('logout', 'reuse', 'deletion', 'operator'));
