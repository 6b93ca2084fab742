"""Balances remembered between batches, and the one thing that makes this safe.

Whatever writes in a book does so under the book's lock and leaves a new, unique `batch_id` in the book's head, in the
same transaction. A remembered state is used only if the head read under the lock still holds the id that was written
with it; anything else is forgotten and read again.
"""

import threading
from uuid import UUID

from ledger.domain.state import AccountState

MAX_ACCOUNTS = 50_000
"""How many accounts of a book are remembered: about 25 MB."""


class _Remembered:
    __slots__ = ("accounts", "batch_id")

    def __init__(self, batch_id: UUID, accounts: dict[int, AccountState]) -> None:
        self.batch_id, self.accounts = batch_id, accounts


_books: dict[UUID, _Remembered] = {}
_guards: dict[UUID, threading.Lock] = {}


def guard(book: UUID) -> threading.Lock:
    """This process's own lock of the book: threads queue here rather than on database connections."""
    return _guards.setdefault(book, threading.Lock())


def recall(book: UUID, batch_id: UUID) -> dict[int, AccountState]:
    """The accounts that are remembered as of that batch; none otherwise. They are forgotten until `remember`."""
    remembered = _books.pop(book, None)
    return remembered.accounts if remembered is not None and remembered.batch_id == batch_id else {}


def remember(book: UUID, batch_id: UUID, accounts: dict[int, AccountState]) -> None:
    """Keeps the accounts as they are after that batch, which has been committed."""
    if len(accounts) <= MAX_ACCOUNTS:
        _books[book] = _Remembered(batch_id, accounts)


def forget() -> None:
    """Forgets everything."""
    _books.clear()
