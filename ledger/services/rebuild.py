"""Rebuilding balances and holds by replay: the transfers are the facts, the counters only their sum."""

from uuid import UUID

from django.db import IntegrityError, connection
from django.db.backends.utils import CursorWrapper

from ledger import truth
from ledger.errors import Conflict, NotFound
from ledger.locks import book_lock
from ledger.models import Book
from ledger.services.heads import head_move
from qenex.kernel import events, transactions

_OF_BOOK = "t.book_id = %(book)s"
_TRUE_HOLDS = f"""
SELECT t.id, t.debit_account_id, t.credit_account_id, t.amount, coalesce(a.posted, 0) AS posted_amount, a.ended_at,
       coalesce(a.status, 'open') AS status
FROM ledger_transfer t LEFT JOIN acts a ON a.origin_id = t.id WHERE t.kind = 2 AND {_OF_BOOK}
"""  # noqa: S608  # constants
_HOLDS = f"""
WITH acts AS ({truth.ACTS.format(scope=_OF_BOOK)}), truth AS ({_TRUE_HOLDS})
"""
_SET_HOLDS = "UPDATE ledger_hold h SET posted_amount = t.posted_amount, status = t.status, resolved_at = t.ended_at"
_WRONG_HOLDS = """
FROM truth t WHERE h.id = t.id
  AND (h.posted_amount, h.status, h.resolved_at) IS DISTINCT FROM (t.posted_amount, t.status, t.ended_at)
"""
_BALANCES = f"""
WITH acts AS ({truth.ACTS.format(scope=_OF_BOOK)}), holds AS ({_TRUE_HOLDS}),
posted AS ({truth.POSTED.format(scope=_OF_BOOK)}), pending AS ({truth.PENDING.format(holds="holds")}),
truth AS (
    SELECT a.id AS account_id, coalesce(s.debits, 0) AS d, coalesce(s.credits, 0) AS c,
           coalesce(p.debits, 0) AS dp, coalesce(p.credits, 0) AS cp
    FROM ledger_account a LEFT JOIN posted s ON s.account_id = a.id LEFT JOIN pending p ON p.account_id = a.id
    WHERE a.book_id = %(book)s
)
"""  # noqa: S608  # constants
_SET_BALANCES = """
UPDATE ledger_balance b
SET debits_posted = t.d, credits_posted = t.c, debits_pending = t.dp, credits_pending = t.cp
"""
_WRONG_BALANCES = """
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
            holds = _count(cursor, _HOLDS, _WRONG_HOLDS.replace("FROM ", "FROM ledger_hold h, ", 1), book)
            balances = _count(cursor, _BALANCES, _WRONG_BALANCES.replace("FROM ", "FROM ledger_balance b, ", 1), book)
            events.emit(
                "ledger.balances.rebuilt",
                subject_type="book",
                subject_id=book,
                book_id=book,
                data={"balances": balances, "holds": holds},
            )
            cursor.execute(_HOLDS + _SET_HOLDS + _WRONG_HOLDS, {"book": book})
            cursor.execute(_BALANCES + _SET_BALANCES + _WRONG_BALANCES, {"book": book})
        head_move(book)
        return int(balances + holds)

    try:
        return transactions.run(command, locks=[book_lock(book)])
    except IntegrityError as error:
        raise Conflict(f"what the transfers add up to is not allowed: {str(error).splitlines()[0]}") from error


def _count(cursor: CursorWrapper, truth: str, wrong: str, book: UUID) -> int:
    """How many rows differ: the event says so before they are changed, as the database demands."""
    cursor.execute(f"{truth} SELECT count(*) {wrong}", {"book": book})
    return int(cursor.fetchone()[0])
