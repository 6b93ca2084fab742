-- An alarm begins open, says for ever what it said first, and is closed once.
CREATE FUNCTION compliance_alarm_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.closed_at IS NOT NULL THEN
            RAISE EXCEPTION 'an alarm begins open' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'an alarm is closed once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.source, NEW.code, NEW.detail, NEW.found_at, NEW.check_id)
       IS DISTINCT FROM (OLD.id, OLD.source, OLD.code, OLD.detail, OLD.found_at, OLD.check_id) THEN
        RAISE EXCEPTION 'what an alarm says is frozen' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER alarm_guard BEFORE INSERT OR UPDATE ON compliance_tamperalarm
    FOR EACH ROW EXECUTE FUNCTION compliance_alarm_guard();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON compliance_tamperalarm
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();

-- At the COMMIT, for the request is marked after what it asked for was done. Whoever writes the columns alone finds no
-- request of these two people; requests cannot be decided by who made them, nor twice, nor be deleted.
CREATE FUNCTION compliance_alarm_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closed_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM access_approval a
        WHERE a.command = 'compliance.alarm.close' AND a.key = NEW.proposal::text AND a.status = 'executed'
          AND a.requester_id = NEW.proposed_by_id AND a.approver_id = NEW.closed_by_id
          AND a.requester_id <> a.approver_id AND a.result = NEW.id::text
    ) THEN
        RAISE EXCEPTION 'an alarm is closed by two people' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER alarm_approved AFTER UPDATE ON compliance_tamperalarm
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION compliance_alarm_approved();

CREATE FUNCTION compliance_check_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.finished_at IS NOT NULL THEN
        RAISE EXCEPTION 'a verification that has ended is frozen' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_guard BEFORE UPDATE ON compliance_trailcheck
    FOR EACH ROW EXECUTE FUNCTION compliance_check_guard();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON compliance_trailcheck
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
