"""Running a read-only statement, and what selectors take for a book."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections

from ledger.models import Book

WRITER = DEFAULT_DB_ALIAS


def rows(using: str, query: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of one statement, which sees one snapshot."""
    with connections[using].cursor() as cursor:
        cursor.execute(query, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def book_key(book: Book | UUID) -> UUID:
    """The id of a book."""
    return book.pk if isinstance(book, Book) else book
