-- How many turns of a user are under way, for a statement that adds one. Volatile: its count sees what others have
-- committed while it waited, which the statement that calls it does not. Until that ends nobody else counts for the user.
CREATE FUNCTION chat.turns_under_way(whose text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('chat.turns ' || whose, 0));
    RETURN (SELECT count(*) FROM chat.turns WHERE user_id = whose AND status IN ('active', 'waiting'));
END
$$;
