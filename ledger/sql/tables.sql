-- Balances are updated in place by every batch: free space in each page keeps the updates off the index (HOT).
ALTER TABLE ledger_balance SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journal
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();

-- Empty tables, locked as a transaction's first statement: one writer at a time for each share of the books.
DO $$
BEGIN
    FOR number IN 0..63 LOOP
        EXECUTE format('CREATE TABLE ledger_lock_%s ()', lpad(number::text, 2, '0'));
    END LOOP;
END
$$;
