-- How many turns of a user are under way.
CREATE INDEX turns_under_way ON chat.turns (user_id) WHERE status IN ('active', 'waiting');
