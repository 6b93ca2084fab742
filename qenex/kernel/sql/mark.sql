-- Whoever writes an event marks the transaction; undoing it takes the mark away. Assignments are cheaper than PERFORM.
CREATE FUNCTION kernel_mark_emitted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    marked text;
BEGIN
    marked := set_config('qenex.emitted', pg_current_xact_id()::text, true);
    RETURN NULL;
END
$$;
CREATE TRIGGER mark_emitted AFTER INSERT ON kernel_event
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_mark_emitted();

-- The trigger of audited tables, which qenex.kernel.audited makes: at the COMMIT, or at once.
CREATE FUNCTION kernel_demand_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('qenex.emitted', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
        RAISE EXCEPTION '% is audited: % without an event in its transaction is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'restrict_violation', HINT = 'Use the service: it records who did what and why.';
    END IF;
    RETURN NULL;
END
$$;
