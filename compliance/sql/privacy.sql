-- What a hold says stays as it is; it is lifted once. Whose data it was about goes with the data, when it holds no more.
CREATE FUNCTION compliance_hold_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.data_class, NEW.reason, NEW.until, NEW.placed_by_id, NEW.placed_at)
       IS DISTINCT FROM
       (OLD.id, OLD.data_class, OLD.reason, OLD.until, OLD.placed_by_id, OLD.placed_at) THEN
        RAISE EXCEPTION 'what a legal hold says is frozen' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.lifted_at IS NOT NULL AND (NEW.lifted_at, NEW.lifted_by_id, NEW.lift_asked_by_id)
       IS DISTINCT FROM (OLD.lifted_at, OLD.lifted_by_id, OLD.lift_asked_by_id) THEN
        RAISE EXCEPTION 'a legal hold is lifted once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.subject <> OLD.subject
        AND (NEW.subject <> '' OR (NEW.lifted_at IS NULL AND coalesce(NEW.until > now(), true))) THEN
        RAISE EXCEPTION 'whose data a standing legal hold is about is frozen' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER hold_guard BEFORE UPDATE ON compliance_legalhold
    FOR EACH ROW EXECUTE FUNCTION compliance_hold_guard();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON compliance_legalhold
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();

CREATE FUNCTION compliance_erasure_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.done_at IS NOT NULL THEN
        RAISE EXCEPTION 'an erasure is done once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER erasure_guard BEFORE UPDATE ON compliance_erasure
    FOR EACH ROW EXECUTE FUNCTION compliance_erasure_guard();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON compliance_erasure
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON compliance_retentionrule
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
