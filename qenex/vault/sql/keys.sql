CREATE FUNCTION vault_keep_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'keys are shredded, never deleted: % of % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', HINT = 'A value that names a key must find it, or where it was.';
    END IF;
    IF (NEW.id, NEW.use, NEW.subject, NEW.purpose, NEW.version, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.use, OLD.subject, OLD.purpose, OLD.version, OLD.created_at) THEN
        RAISE EXCEPTION 'whose a data key is never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.shredded_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a shredded data key stays shredded' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_key BEFORE UPDATE OR DELETE ON vault_datakey FOR EACH ROW EXECUTE FUNCTION vault_keep_key();
CREATE TRIGGER keep_keys BEFORE TRUNCATE ON vault_datakey FOR EACH STATEMENT EXECUTE FUNCTION vault_keep_key();
