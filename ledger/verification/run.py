"""Verifying a book."""

from collections.abc import Callable
from uuid import UUID

import numpy as np
from django.db import connections

from ledger.engine.load import microseconds
from ledger.engine.wire import EPOCH_US
from ledger.models import Book
from ledger.verification import accounts, holds, journals, reversals
from ledger.verification.events import Events
from ledger.verification.leaves import Leaves
from ledger.verification.pages import Snapshot, snapshot
from ledger.verification.report import BookReport
from ledger.verification.walk import Walk

_HEAD = "SELECT last_posted_at FROM ledger_bookhead WHERE book_id = %s"

_STRAY = """
SELECT DISTINCT t.book_id FROM ledger_transfer t WHERE NOT EXISTS (SELECT FROM ledger_book b WHERE b.id = t.book_id)
"""


def strays(*, using: str = "reader") -> BookReport:
    """The transfers of books that there are not, which the verification of no book comes by."""
    report = BookReport("(no book)")
    with connections[using].cursor() as cursor:
        cursor.execute(_STRAY)
        for (book,) in cursor.fetchall():
            report.differ("transfer", "of a book", "book", book, "a book that there is")
    return report


def verify_book(
    book: Book, *, using: str = "reader", progress: Callable[[int], None] = lambda done: None
) -> BookReport:
    """Computes all of a book again from its transfers and events, in one snapshot, and reports what differs.

    Writers go on meanwhile. `progress` is told the number of transfers that were read. The memory it takes grows with
    accounts and holds, and hardly with transfers.
    """
    report = BookReport(book.code)
    with snapshot(using) as opened:
        _verify(opened, book.pk, report, progress)
    return report


def _verify(opened: Snapshot, book: UUID, report: BookReport, progress: Callable[[int], None]) -> None:
    walk = Walk(accounts.tallies(opened, book), report)
    events, leaves = Events(opened, book, report), Leaves(book)
    for page in opened.transfers(book):
        columns = list(zip(*page, strict=True))
        amounts = [[units(text) for text in column] for column in columns[4:7]]
        moments = (np.frombuffer(b"".join(columns[7]), ">i8").astype(np.int64) + EPOCH_US).tolist()
        walk.page(columns, amounts, moments)
        begun = events.page(columns[11], moments, leaves.hashes(columns, amounts))
        journals.compare(opened, book, begun, report)
        progress(report.transfers)
    events.finish()
    journals.childless(opened, book, report)
    reversals.check(opened, book, report)
    holds.compare(opened, book, walk.holds, events.expiries, report)
    accounts.compare(opened, book, walk.accounts, report)
    _compare_head(opened, book, walk.last_us, report)


def units(text: str) -> int:
    """Units of a NUMERIC(38,18) as the server writes it, with all of its 18 decimals."""
    return int(text.replace(".", ""))


def _compare_head(opened: Snapshot, book: UUID, last_us: int | None, report: BookReport) -> None:
    head = opened.rows(_HEAD, book)
    if not head:
        report.differ("book", book, "its head", None, "there")
    elif last_us is not None:
        report.compare("book", book, "last_posted_at", microseconds(head[0][0]), last_us)
