"""Balances remembered between batches, and the one thing that makes this safe.

Whatever writes in a book does so under the book's lock and leaves a new, unique `batch_id` in the book's head, in the
same transaction. A remembered state is used only if the head read under the lock still holds the id that was written
with it; anything else is forgotten and read again.
"""

import threading
from uuid import UUID

from ledger.domain.accounts import Accounts

MAX_ACCOUNTS = 100_000
"""How many accounts of all books together are remembered by a process: about 50 MB."""


class _Remembered:
    __slots__ = ("accounts", "batch_id", "size")

    def __init__(self, batch_id: UUID, accounts: Accounts) -> None:
        self.batch_id, self.accounts = batch_id, accounts
        self.size = len(accounts)


_books: dict[UUID, _Remembered] = {}
"""The book that was used last stands last."""
_guards: dict[UUID, threading.Lock] = {}
_bookkeeping = threading.Lock()
_held = 0


def guard(book: UUID) -> threading.Lock:
    """This process's own lock of the book: threads queue here rather than on database connections."""
    return _guards.setdefault(book, threading.Lock())


def recall(book: UUID, batch_id: UUID) -> Accounts:
    """The accounts that are remembered as of that batch; none otherwise. They are forgotten until `remember`."""
    with _bookkeeping:
        remembered = _drop(book)
    return remembered.accounts if remembered is not None and remembered.batch_id == batch_id else Accounts()


def remember(book: UUID, batch_id: UUID, accounts: Accounts) -> None:
    """Keeps the accounts as they are after that batch, which has been committed; books long unused make room."""
    global _held
    if len(accounts) > MAX_ACCOUNTS:
        return
    with _bookkeeping:
        _drop(book)
        _books[book] = _Remembered(batch_id, accounts)
        _held += len(accounts)
        while _held > MAX_ACCOUNTS:
            _drop(next(iter(_books)))


def forget() -> None:
    """Forgets everything."""
    with _bookkeeping:
        for book in list(_books):
            _drop(book)


def _drop(book: UUID) -> _Remembered | None:
    global _held
    remembered = _books.pop(book, None)
    if remembered is not None:
        _held -= remembered.size
    return remembered
