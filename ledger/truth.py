"""What transfers add up to, as SQL: for mending live balances and for replaying beside them.

Each text is the body of a common table expression; `{scope}` is the condition on the transfers `t` that count.
"""

POSTED = """
SELECT account_id, sum(d) AS debits, sum(c) AS credits FROM (
    SELECT t.debit_account_id AS account_id, sum(t.amount) AS d, 0::numeric AS c
    FROM ledger_transfer t WHERE t.kind IN (1, 3, 6, 7) AND {scope} GROUP BY t.debit_account_id
    UNION ALL
    SELECT t.credit_account_id, 0, sum(t.amount)
    FROM ledger_transfer t WHERE t.kind IN (1, 3, 6, 7) AND {scope} GROUP BY t.credit_account_id
) AS legs GROUP BY account_id
"""
"""What was posted to each account."""

ACTS = """
SELECT t.origin_id, coalesce(sum(t.amount) FILTER (WHERE t.kind IN (3, 7)), 0) AS posted,
       CASE min(t.kind) FILTER (WHERE t.kind IN (3, 4, 5))
           WHEN 3 THEN 'posted' WHEN 4 THEN 'voided' WHEN 5 THEN 'expired' ELSE 'open' END AS status,
       max(t.posted_at) FILTER (WHERE t.kind IN (3, 4, 5)) AS ended_at
FROM ledger_transfer t WHERE t.origin_id IS NOT NULL AND t.kind IN (3, 4, 5, 7) AND {scope} GROUP BY t.origin_id
"""
"""What became of each hold: posted, voided or expired (3, 4, 5), or only parts of it were posted (7)."""

PENDING = """
SELECT account_id, sum(d) AS debits, sum(c) AS credits FROM (
    SELECT h.debit_account_id AS account_id, h.amount - h.posted_amount AS d, 0::numeric AS c
    FROM {holds} h WHERE h.status = 'open'
    UNION ALL SELECT h.credit_account_id, 0, h.amount - h.posted_amount FROM {holds} h WHERE h.status = 'open'
) AS legs GROUP BY account_id
"""
"""What the open ones of these holds may yet move."""
