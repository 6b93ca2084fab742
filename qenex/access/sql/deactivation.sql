-- Whoever stops being active is signed out for good, by whatever statement it happens: what was open is not open again
-- when he becomes active again. Services end it before, with events; this is for whatever goes past them.
CREATE FUNCTION access_user_deactivated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE access_tokenfamily SET ended_at = now(), ended_reason = 'deactivated', refresh_hash = NULL
        WHERE user_id = NEW.id AND ended_at IS NULL;
    UPDATE access_staffsession SET ended_at = now(), ended_reason = 'deactivated'
        WHERE user_id = NEW.id AND ended_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER access_user_deactivated AFTER UPDATE ON auth_user
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION access_user_deactivated();
