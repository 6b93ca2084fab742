"""Opening and closing books."""

from typing import Any

from django.db import IntegrityError

from ledger.approvals.demands import demand_book
from ledger.choices import BookStatus
from ledger.errors import Conflict, Invalid, OutOfReach, Stale
from ledger.locks import book_lock
from ledger.models import Book, BookHead
from ledger.services.heads import head_move
from ledger.services.transfers import check_metadata, require_reach
from ledger.services.validation import clean
from qenex.kernel import clock, events, scope, transactions
from qenex.kernel.ids import uuid7


def book_create(*, code: str, name: str, metadata: dict[str, Any] | None = None) -> Book:
    """Opens a book.

    Raises Invalid for a malformed field, Conflict where the code is taken, and OutOfReach for whoever reaches only some
    books: a new one would not be among them.
    """
    if scope.books() is not None:
        raise OutOfReach("you reach only some books, and a new one would not be among them")
    check_metadata(metadata or {})

    def command() -> Book:
        now = clock.now()
        book = Book(code=code, name=name, metadata=metadata or {}, created_at=now)
        clean(book)
        book.save(force_insert=True)
        BookHead.objects.create(book=book, batch_id=uuid7(), last_posted_at=now)
        events.emit(
            "ledger.book.created",
            subject_type="book",
            subject_id=book.pk,
            book_id=book.pk,
            data={"code": code, "name": name, "metadata": book.metadata, "created_at": now},
            version=2,
        )
        return book

    try:
        return transactions.run(command)
    except IntegrityError as error:
        raise Conflict(f"the code {code!r} is taken by another book") from error


def book_update(*, book: Book, name: str | None = None, status: str | None = None, version: int | None = None) -> Book:
    """Renames, closes or opens a book again; a closed book refuses every transfer.

    Raises Invalid for a malformed field, Stale where `version` is given and is not the present one, NotFound where the
    book is out of reach, and ApprovalRequired.
    """
    require_reach(book.pk)

    if status is not None and status not in BookStatus.values:
        raise Invalid("status", f"must be one of {', '.join(BookStatus.values)}")

    def command() -> Book:
        fresh = Book.objects.get(pk=book.pk)
        if version is not None and fresh.version != version:
            raise Stale
        wanted = {"name": name, "status": status}
        wanted = {field: value for field, value in wanted.items() if value is not None}
        changes = events.changes_of({field: getattr(fresh, field) for field in wanted}, wanted)
        if not changes:
            return fresh
        for field, (_, after) in changes.items():
            setattr(fresh, field, after)
        fresh.version += 1
        clean(fresh)
        demand_book(fresh, fresh.version - 1, changes)
        fresh.save(update_fields=[*changes, "version"])
        head_move(fresh.pk)
        events.emit("ledger.book.updated", subject_type="book", subject_id=fresh.pk, book_id=fresh.pk, changes=changes)
        return fresh

    return transactions.run(command, locks=[book_lock(book.pk)])
