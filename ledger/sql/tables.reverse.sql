DO $$
BEGIN
    FOR number IN 0..63 LOOP
        EXECUTE format('DROP TABLE ledger_lock_%s', lpad(number::text, 2, '0'));
    END LOOP;
END
$$;
DROP TRIGGER append_only ON ledger_journal;
DROP TRIGGER append_only ON ledger_transfer;
ALTER TABLE ledger_balance RESET (fillfactor, autovacuum_vacuum_scale_factor);
