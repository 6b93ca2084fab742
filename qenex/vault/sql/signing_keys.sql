CREATE FUNCTION vault_keep_signing_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'signing keys are retired, never deleted: % of % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', HINT = 'What a key has signed is verified long after it signs no more.';
    END IF;
    IF (NEW.id, NEW.purpose, NEW.version, NEW.kid, NEW.algorithm, NEW.public, NEW.label, NEW.created_at, NEW.not_before)
        IS DISTINCT FROM
        (OLD.id, OLD.purpose, OLD.version, OLD.kid, OLD.algorithm, OLD.public, OLD.label, OLD.created_at, OLD.not_before) THEN
        RAISE EXCEPTION 'what a signing key is never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.wrapped IS NOT NULL AND NEW.wrapped IS NULL THEN
        RAISE EXCEPTION 'the private half of a signing key is not taken away' USING ERRCODE = 'restrict_violation';
    END IF;
    -- A compromised key is withdrawn sooner than was planned; nothing is published or signs for longer.
    IF (OLD.retired_at IS NOT NULL AND (NEW.retired_at IS NULL OR NEW.retired_at > OLD.retired_at))
        OR (OLD.not_after IS NOT NULL AND (NEW.not_after IS NULL OR NEW.not_after > OLD.not_after)) THEN
        RAISE EXCEPTION 'the end of a signing key is never put off' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_key BEFORE UPDATE OR DELETE ON vault_signingkey FOR EACH ROW EXECUTE FUNCTION vault_keep_signing_key();
CREATE TRIGGER keep_keys BEFORE TRUNCATE ON vault_signingkey FOR EACH STATEMENT EXECUTE FUNCTION vault_keep_signing_key();
