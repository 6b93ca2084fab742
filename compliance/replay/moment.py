"""One moment of the database: the log, the live tables and what is built beside them, whatever is written meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

_BEGIN = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE"
"""Not read-only: PostgreSQL would refuse temporary tables. What the role may write is none of the live tables."""
_SETTINGS = """
SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL work_mem = '64MB';
SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'
"""


@contextmanager
def moment(using: str) -> Iterator[CursorWrapper]:
    """Opens a transaction that sees one moment and leaves nothing behind: it is rolled back."""
    with transaction.atomic(using=using, durable=True), connections[using].cursor() as cursor:
        cursor.execute(_BEGIN)
        cursor.execute(_SETTINGS)
        yield cursor
        transaction.set_rollback(True, using=using)
