"""Rebuilding balances and holds by replay: the transfers are the facts, the counters only their sum."""

from uuid import UUID

from django.db import IntegrityError, connection

from ledger.errors import Conflict, NotFound
from ledger.locks import book_lock
from ledger.models import Book
from ledger.services.heads import head_move
from qenex.kernel import events, transactions

# What a hold has left: nothing once it was posted, voided or expired (3, 4, 5), else all but its parts (7).
_HOLDS = """
WITH acts AS (
    SELECT origin_id, coalesce(sum(amount) FILTER (WHERE kind IN (3, 7)), 0) AS posted,
           min(kind) FILTER (WHERE kind IN (3, 4, 5)) AS ended,
           max(posted_at) FILTER (WHERE kind IN (3, 4, 5)) AS ended_at
    FROM ledger_transfer WHERE book_id = %(book)s AND origin_id IS NOT NULL AND kind IN (3, 4, 5, 7) GROUP BY origin_id
), truth AS (
    SELECT t.id, coalesce(a.posted, 0) AS posted, a.ended_at,
           CASE a.ended WHEN 3 THEN 'posted' WHEN 4 THEN 'voided' WHEN 5 THEN 'expired' ELSE 'open' END AS status
    FROM ledger_transfer t LEFT JOIN acts a ON a.origin_id = t.id WHERE t.book_id = %(book)s AND t.kind = 2
)
UPDATE ledger_hold h SET posted_amount = t.posted, status = t.status, resolved_at = t.ended_at
FROM truth t WHERE h.id = t.id
  AND (h.posted_amount, h.status, h.resolved_at) IS DISTINCT FROM (t.posted, t.status, t.ended_at)
"""
_BALANCES = """
WITH moved AS (
    SELECT id, debit_account_id, credit_account_id, kind, origin_id, amount
    FROM ledger_transfer WHERE book_id = %(book)s
), held AS (
    SELECT h.debit_account_id, h.credit_account_id,
           h.amount - coalesce(sum(a.amount) FILTER (WHERE a.kind = 7), 0) AS amount
    FROM moved h LEFT JOIN moved a ON a.origin_id = h.id AND a.kind IN (3, 4, 5, 7)
    WHERE h.kind = 2 GROUP BY h.id, h.debit_account_id, h.credit_account_id, h.amount
    HAVING count(*) FILTER (WHERE a.kind IN (3, 4, 5)) = 0
), legs AS (
    SELECT debit_account_id AS account_id, amount AS d, 0::numeric AS c, 0::numeric AS dp, 0::numeric AS cp
    FROM moved WHERE kind IN (1, 3, 6, 7)
    UNION ALL SELECT credit_account_id, 0, amount, 0, 0 FROM moved WHERE kind IN (1, 3, 6, 7)
    UNION ALL SELECT debit_account_id, 0, 0, amount, 0 FROM held
    UNION ALL SELECT credit_account_id, 0, 0, 0, amount FROM held
), sums AS (
    SELECT account_id, sum(d) AS d, sum(c) AS c, sum(dp) AS dp, sum(cp) AS cp FROM legs GROUP BY account_id
), truth AS (
    SELECT a.id AS account_id,
           coalesce(s.d, 0) AS d, coalesce(s.c, 0) AS c, coalesce(s.dp, 0) AS dp, coalesce(s.cp, 0) AS cp
    FROM ledger_account a LEFT JOIN sums s ON s.account_id = a.id WHERE a.book_id = %(book)s
)
UPDATE ledger_balance b
SET debits_posted = t.d, credits_posted = t.c, debits_pending = t.dp, credits_pending = t.cp
FROM truth t WHERE b.account_id = t.account_id
  AND (b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending) IS DISTINCT FROM (t.d, t.c, t.dp, t.cp)
"""


def balances_rebuild(*, book: UUID) -> int:
    """Sets every balance and hold of a book to what its transfers add up to, and returns how many were wrong.

    Raises NotFound for an unknown book, and Conflict where the result would break a rule of the database, such as an
    account's floor; nothing is changed then.
    """

    def command() -> int:
        if not Book.objects.filter(pk=book).exists():
            raise NotFound(f"there is no book {book}")
        with connection.cursor() as cursor:
            cursor.execute(_HOLDS, {"book": book})
            holds = cursor.rowcount
            cursor.execute(_BALANCES, {"book": book})
            balances = cursor.rowcount
        head_move(book)
        events.emit(
            "ledger.balances.rebuilt",
            subject_type="book",
            subject_id=book,
            book_id=book,
            data={"balances": balances, "holds": holds},
        )
        return int(balances + holds)

    try:
        return transactions.run(command, locks=[book_lock(book)])
    except IntegrityError as error:
        raise Conflict(f"what the transfers add up to is not allowed: {str(error).splitlines()[0]}") from error
