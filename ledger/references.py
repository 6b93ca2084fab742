"""What people and programs name by id or by code."""

import re
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import Q

from ledger.models import Asset, Book

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_ID_LENGTH = 36
_REMEMBERED_MAX = 10_000
_books: dict[str, UUID] = {}


def as_id(text: str) -> UUID | None:
    """The UUID in its usual form; none for any other text."""
    if len(text) != _ID_LENGTH:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def key(text: str) -> Q | None:
    """The condition on the row of that id or code; none where there can be no such row."""
    if not _REFERENCE.fullmatch(text):
        return None
    id = as_id(text)
    return Q(code=text) if id is None else Q(pk=id)


def remembered_book(text: str) -> UUID | None:
    """The id of the book of that id or code, where it was found before: without asking the database."""
    return _books.get(text)


def find_book(text: str) -> UUID | None:
    """The id of the book of that id or code. What was found is remembered: a book's id and code are for ever."""
    known = _books.get(text)
    if known is not None:
        return known
    condition = key(text)
    id = None if condition is None else Book.objects.filter(condition).values_list("pk", flat=True).first()
    if id is not None:
        if len(_books) >= _REMEMBERED_MAX:
            _books.clear()
        _books[text] = id
    return id


def find_asset(text: str) -> Asset | None:
    """The asset of that id or code."""
    condition = key(text)
    return None if condition is None else Asset.objects.filter(condition).first()


def find_role(name: str) -> Group | None:
    """The role of that name."""
    return Group.objects.filter(name=name).first()
