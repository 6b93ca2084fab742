"""Counting what was acknowledged, and proving afterwards that it is there."""

from contextlib import closing

import psycopg

from bench.errors import BenchError
from bench.servers import Servers

_SUMS = """
SELECT (SELECT count(*) FROM ledger_transfer), (SELECT count(*) FROM bench_copy),
       (SELECT coalesce(sum(amount), 0) FROM ledger_transfer),
       sum(debits_posted), sum(credits_posted), sum(debits_pending) + sum(credits_pending)
FROM ledger_balance
"""
_WRONG = """
SELECT count(*) FROM ledger_balance b LEFT JOIN (
    SELECT account, sum(debit) AS debits, sum(credit) AS credits FROM (
        SELECT debit_account_id AS account, amount AS debit, 0 AS credit FROM ledger_transfer
        UNION ALL SELECT credit_account_id, 0, amount FROM ledger_transfer
    ) legs GROUP BY account
) t ON t.account = b.account_id
WHERE b.debits_posted <> coalesce(t.debits, 0) OR b.credits_posted <> coalesce(t.credits, 0)
"""


class Tally:
    """What was acknowledged in one database, by kind of client."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.posted = 0
        self.unsure = 0
        """Requests that were under way when a generator stopped: each may have been posted or not."""
        self.copied = 0

    def post(self, count: int, unsure: int = 0) -> None:
        """So many transfers were acknowledged."""
        self.posted += count
        self.unsure += unsure

    def copy(self, count: int) -> None:
        """So many rows were copied into the other table."""
        self.copied += count

    def verify(self, servers: Servers) -> str:
        """Compares with the database: every transfer is there once, and every balance is the sum of its transfers.

        Returns a line for the report. Raises BenchError.
        """
        with closing(psycopg.connect(servers.url(self.database))) as connection:
            sums = connection.execute(_SUMS).fetchone()
            wrong = connection.execute(_WRONG).fetchone()
        assert sums is not None
        assert wrong is not None
        rows, copied, amount, debits, credits, pending = sums
        if not self.posted <= rows <= self.posted + self.unsure:
            raise BenchError(f"{self.posted} transfers were acknowledged ({self.unsure} unsure), {rows} are there")
        if copied != self.copied:
            raise BenchError(f"{self.copied} rows were copied, {copied} are there")
        if not amount == debits == credits or pending or wrong[0]:
            totals = f"transfers {amount}, debits {debits}, credits {credits}, pending {pending}"
            raise BenchError(f"the ledger does not balance: {totals}; {wrong[0]} accounts are wrong")
        return f"{rows:,} transfers, debits = credits = transfers = {amount:,.2f}"
