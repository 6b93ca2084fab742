-- The ledger's table of transfers at its barest, with the same keys, and one set-based statement that posts into it.
CREATE TABLE bare_account (id uuid PRIMARY KEY, balance numeric(38, 18) NOT NULL DEFAULT 0) WITH (fillfactor = 50);
CREATE TABLE bare_transfer (
    id uuid PRIMARY KEY,
    debit_account uuid NOT NULL,
    credit_account uuid NOT NULL,
    amount numeric(38, 18) NOT NULL CHECK (amount > 0),
    debit_balance numeric(38, 18) NOT NULL,
    credit_balance numeric(38, 18) NOT NULL,
    posted_at timestamptz NOT NULL
);
CREATE INDEX ON bare_transfer (debit_account, posted_at);
CREATE INDEX ON bare_transfer (credit_account, posted_at);

CREATE FUNCTION bare_post(ids uuid[], debits uuid[], credits uuid[], amounts numeric[])
RETURNS TABLE (id uuid, debit_balance numeric, credit_balance numeric) LANGUAGE sql AS $$
    WITH asked AS (
        SELECT * FROM unnest(ids, debits, credits, amounts) WITH ORDINALITY AS each (id, debit, credit, amount, place)
    ), moves AS (
        SELECT debit AS account, place, -amount AS delta FROM asked
        UNION ALL SELECT credit, place, amount FROM asked
    ), locked AS (
        SELECT a.id, a.balance FROM bare_account a WHERE a.id IN (SELECT account FROM moves) ORDER BY a.id FOR UPDATE
    ), running AS (
        SELECT place, delta, balance + sum(delta) OVER (PARTITION BY account ORDER BY place) AS balance
        FROM moves JOIN locked ON locked.id = account
    ), pairs AS (
        SELECT place, max(balance) FILTER (WHERE delta < 0) AS debit, max(balance) FILTER (WHERE delta > 0) AS credit
        FROM running GROUP BY place
    ), moved AS (
        UPDATE bare_account a SET balance = a.balance + total.delta
        FROM (SELECT account, sum(delta) AS delta FROM moves GROUP BY account) total WHERE a.id = total.account
    )
    INSERT INTO bare_transfer
    SELECT asked.id, asked.debit, asked.credit, amount, pairs.debit, pairs.credit, clock_timestamp()
    FROM asked JOIN pairs USING (place)
    RETURNING bare_transfer.id, bare_transfer.debit_balance, bare_transfer.credit_balance
$$;
GRANT SELECT, INSERT, UPDATE ON bare_account, bare_transfer TO PUBLIC;
