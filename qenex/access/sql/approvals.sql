-- The hash is that of the bytes that are stored, whoever writes them.
ALTER TABLE access_approval ADD CONSTRAINT approval_hash CHECK (
    payload_hash = sha256(
        convert_to('qenex:approval:v1' || E'\n' || command || E'\n', 'UTF8') || payload
    )
);

-- What was asked for stays as it is; a request is decided once, and then stays as it is too.
CREATE FUNCTION access_approval_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.command, NEW.key, NEW.payload, NEW.payload_hash, NEW.requester_id, NEW.book_id, NEW.reason,
        NEW.difference, NEW.checker_permissions, NEW.created_at, NEW.expires_at)
       IS DISTINCT FROM
       (OLD.id, OLD.command, OLD.key, OLD.payload, OLD.payload_hash, OLD.requester_id, OLD.book_id, OLD.reason,
        OLD.difference, OLD.checker_permissions, OLD.created_at, OLD.expires_at) THEN
        RAISE EXCEPTION 'what was asked for is frozen' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> 'pending' OR NEW.status = 'pending' THEN
        RAISE EXCEPTION 'a request is decided once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approval_guard BEFORE UPDATE ON access_approval
    FOR EACH ROW EXECUTE FUNCTION access_approval_guard();
CREATE FUNCTION access_approval_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'pending' THEN
        RAISE EXCEPTION 'a request begins as pending' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approval_begins BEFORE INSERT ON access_approval
    FOR EACH ROW EXECUTE FUNCTION access_approval_begins();
CREATE TRIGGER approval_kept BEFORE DELETE OR TRUNCATE ON access_approval
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
