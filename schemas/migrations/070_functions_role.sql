-- The role of functions and brokers: it reads and writes rows and defines nothing, and is no superuser, so that an
-- injected statement reaches neither files nor programs of the server. It has no password: where passwords are asked
-- for, it can't log in until an operator gives it one. A migrating role that may not make roles leaves it out.
DO $$
DECLARE
    each text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'eco2_functions') THEN
        CREATE ROLE eco2_functions LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
    END IF;
    FOR each IN
        SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'public')
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO eco2_functions', each);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO eco2_functions', each);
        EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO eco2_functions', each);
    END LOOP;
    -- What later migrations make.
    ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO eco2_functions;
    ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO eco2_functions;
    ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO eco2_functions;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'role eco2_functions was not made: %', SQLERRM;
END $$;
