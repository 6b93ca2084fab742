-- The three roles of a QENEX database; run it as a superuser, as often as you like.
-- On a server that others reach, give each role a password: ALTER ROLE qenex_writer PASSWORD '…'.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['qenex_owner', 'qenex_writer', 'qenex_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', name);
        END IF;
    END LOOP;
END $$;

-- The isolation level belongs to the role: a cluster-wide default of serializable stops hot standbys.
ALTER ROLE qenex_writer SET default_transaction_isolation = 'serializable';
ALTER ROLE qenex_reader SET default_transaction_isolation = 'repeatable read';
ALTER ROLE qenex_reader SET default_transaction_read_only = on;
