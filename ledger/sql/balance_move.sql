-- Adds to the counters of many accounts, of which every one must be there: an account that the engine has read under the
-- book's lock and that has no balance row was deleted by hand, and what it was about to be given would be lost.
CREATE FUNCTION ledger_balance_move(
    accounts uuid[], debits numeric[], credits numeric[], pending_debits numeric[], pending_credits numeric[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
BEGIN
    IF pending_debits IS NULL THEN
        UPDATE ledger_balance b SET debits_posted = b.debits_posted + v.d, credits_posted = b.credits_posted + v.c
        FROM unnest(accounts, debits, credits) v(id, d, c) WHERE b.account_id = v.id;
    ELSE
        UPDATE ledger_balance b SET debits_posted = b.debits_posted + v.d, credits_posted = b.credits_posted + v.c,
            debits_pending = b.debits_pending + v.dp, credits_pending = b.credits_pending + v.cp
        FROM unnest(accounts, debits, credits, pending_debits, pending_credits) v(id, d, c, dp, cp)
        WHERE b.account_id = v.id;
    END IF;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(accounts) THEN
        RAISE EXCEPTION '% accounts have no balance row', cardinality(accounts) - moved
            USING ERRCODE = 'assert_failure';
    END IF;
END
$$;
