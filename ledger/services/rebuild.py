"""Rebuilding balances by replay: the transfers are the facts, the counters only their sum."""

from uuid import UUID

from django.db import connection

from ledger.errors import NotFound
from ledger.locks import book_lock
from ledger.models import Book
from ledger.services.heads import head_move
from qenex.kernel import events, transactions

_REBUILD = """
WITH legs AS (
    SELECT debit_account_id AS account_id, kind, amount, origin_id, amount AS debit, 0::numeric AS credit
    FROM ledger_transfer WHERE book_id = %(book)s AND kind IN (1, 3, 6, 7)
    UNION ALL
    SELECT credit_account_id, kind, amount, origin_id, 0, amount
    FROM ledger_transfer WHERE book_id = %(book)s AND kind IN (1, 3, 6, 7)
), posted AS (
    SELECT account_id, sum(debit) AS debits, sum(credit) AS credits FROM legs GROUP BY account_id
), pending AS (
    SELECT account_id, sum(debit) AS debits, sum(credit) AS credits FROM (
        SELECT debit_account_id AS account_id, amount - posted_amount AS debit, 0::numeric AS credit
        FROM ledger_hold WHERE book_id = %(book)s AND status = 'open'
        UNION ALL
        SELECT credit_account_id, 0, amount - posted_amount FROM ledger_hold WHERE book_id = %(book)s AND status = 'open'
    ) held GROUP BY account_id
), truth AS (
    SELECT a.id AS account_id,
           coalesce(p.debits, 0) AS debits_posted, coalesce(p.credits, 0) AS credits_posted,
           coalesce(h.debits, 0) AS debits_pending, coalesce(h.credits, 0) AS credits_pending
    FROM ledger_account a LEFT JOIN posted p ON p.account_id = a.id LEFT JOIN pending h ON h.account_id = a.id
    WHERE a.book_id = %(book)s
)
UPDATE ledger_balance b SET debits_posted = t.debits_posted, credits_posted = t.credits_posted,
    debits_pending = t.debits_pending, credits_pending = t.credits_pending
FROM truth t WHERE b.account_id = t.account_id
  AND (b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending)
      IS DISTINCT FROM (t.debits_posted, t.credits_posted, t.debits_pending, t.credits_pending)
"""


def balances_rebuild(*, book: UUID) -> int:
    """Sets every balance of a book to what its transfers and holds add up to, and returns how many were wrong.

    Raises NotFound.
    """

    def command() -> int:
        if not Book.objects.filter(pk=book).exists():
            raise NotFound(f"there is no book {book}")
        with connection.cursor() as cursor:
            cursor.execute(_REBUILD, {"book": book})
            mended: int = cursor.rowcount
        head_move(book)
        events.emit(
            "ledger.balances.rebuilt", subject_type="book", subject_id=book, book_id=book, data={"mended": mended}
        )
        return mended

    return transactions.run(command, locks=[book_lock(book)])
