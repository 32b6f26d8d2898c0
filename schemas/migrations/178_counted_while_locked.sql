-- What a user has used up, for a statement that uses more. Volatile: what is read has been committed by others while this
-- waited, which the statement that calls it does not see. Until that ends nobody else counts for the user.
CREATE FUNCTION images.uploads_open(whose uuid) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('images.uploads ' || whose, 0));
    RETURN (SELECT count(*) FROM images.uploads
            WHERE user_id = whose AND published_at IS NULL AND rejected_etag IS NULL);
END
$$;

CREATE FUNCTION users.phone_refusals_today(whose uuid) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('users.phone_refusals ' || whose, 0));
    RETURN coalesce((SELECT refused FROM users.phone_refusals
                     WHERE user_id = whose AND began_at > now() - interval '1 day'), 0);
END
$$;
