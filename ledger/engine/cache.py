"""Balances remembered between batches, and the one thing that makes this safe.

Whatever writes in a book does so under the book's lock and leaves a new, unique `batch_id` in the book's head, in the
same transaction; what changes more than counters leaves a new `terms_id` as well. A remembered balance is used only if
the head read under the lock still holds the batch id that was written with it. Where only the terms are still the same,
the accounts are known but for their counters; anything else is forgotten.
"""

import threading
from typing import NamedTuple
from uuid import UUID

from ledger.domain.accounts import Accounts
from ledger.domain.columns import Array
from ledger.domain.drafts import Drafts

MAX_ACCOUNTS = 100_000
"""How many accounts of all books together are remembered by a process: about 50 MB."""


class _Remembered:
    __slots__ = ("accounts", "batch_id", "size", "terms_id")

    def __init__(self, batch_id: UUID, terms_id: UUID, accounts: Accounts) -> None:
        self.batch_id, self.terms_id, self.accounts = batch_id, terms_id, accounts
        self.size = accounts.remembered


class Located(NamedTuple):
    """Drafts, and where their accounts stand in what is remembered, as `Accounts.locate` tells it."""

    drafts: Drafts
    accounts: Accounts
    slots: Array

    def within(self, accounts: Accounts) -> Array:
        """Where they stand in the accounts that the batch has got: those are seldom others."""
        return self.slots if accounts is self.accounts else accounts.locate(self.drafts)


_books: dict[UUID, _Remembered] = {}
"""The book that was used last stands last."""
_guards: dict[UUID, threading.Lock] = {}
_bookkeeping = threading.Lock()
_held = 0


def guard(book: UUID) -> threading.Lock:
    """This process's own lock of the book: threads queue here rather than on database connections."""
    return _guards.setdefault(book, threading.Lock())


def locate(book: UUID, drafts: Drafts) -> Located:
    """Looks the drafts' accounts up before the book is locked: while others post there, that costs nobody anything.

    Under the `guard`, so that nobody adds accounts meanwhile.
    """
    with _bookkeeping:
        remembered = _books.get(book)
    accounts = remembered.accounts if remembered else Accounts()
    return Located(drafts, accounts, accounts.locate(drafts))


def recall(book: UUID, batch_id: UUID, terms_id: UUID) -> Accounts:
    """The accounts that are remembered, stale if not of that batch. They are forgotten until `remember`."""
    with _bookkeeping:
        remembered = _drop(book)
    if remembered is None or remembered.terms_id != terms_id:
        return Accounts()
    if remembered.batch_id != batch_id:
        remembered.accounts.age()
    return remembered.accounts


def remember(book: UUID, batch_id: UUID, terms_id: UUID, accounts: Accounts) -> None:
    """Keeps the accounts as they are after that batch, which has been committed; books long unused make room."""
    global _held
    if accounts.remembered > MAX_ACCOUNTS:
        return
    with _bookkeeping:
        _drop(book)
        _books[book] = _Remembered(batch_id, terms_id, accounts)
        _held += accounts.remembered
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
