-- A transfer as each of its accounts sees it. Asked for one account in the order of posting, PostgreSQL merges the two
-- history indexes and reads no more than the page; an OR over both columns would read and sort the whole history.
CREATE VIEW ledger_leg AS
SELECT id, book_id, debit_account_id, credit_account_id, asset_id, amount, debit_balance, credit_balance, posted_at,
       value_date, kind, code, event_id, journal_id, origin_id, reference, metadata,
       debit_account_id AS account_id, 1::smallint AS side, debit_balance AS balance
FROM ledger_transfer
UNION ALL
SELECT id, book_id, debit_account_id, credit_account_id, asset_id, amount, debit_balance, credit_balance, posted_at,
       value_date, kind, code, event_id, journal_id, origin_id, reference, metadata,
       credit_account_id, (-1)::smallint, credit_balance
FROM ledger_transfer;
