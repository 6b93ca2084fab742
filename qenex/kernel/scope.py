"""Which books whoever is acting may see and touch.

The kernel knows no people: the function that knows is named in the settings (`BOOK_SCOPE`). Its answer is kept in the
circumstances of the request, so that a request asks once and the next one sees what was changed.
"""

from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils.module_loading import import_string

from qenex.kernel import context

M = TypeVar("M", bound=Model)

Books = frozenset[UUID] | None
"""Some books, or none for every one."""
NOTHING: frozenset[UUID] = frozenset()


def books() -> Books:
    """The books that whoever is acting reaches. The system itself reaches all, a stranger none."""
    by = context.current()
    if by.authority_id is None:
        return NOTHING if by.method == context.ANONYMOUS else None
    return of(by.authority_id)


def of(user_id: int) -> Books:
    """The books of a user. At most one look-up a request for whoever is acting; others are looked up each time."""
    by = context.current()
    if by.authority_id != user_id:
        return _look_up(user_id)
    if user_id not in by.memory:
        by.memory[user_id] = _look_up(user_id)
    found: Books = by.memory[user_id]
    return found


def allows(book: UUID | None) -> bool:
    """Whether a thing of this book is in reach; what belongs to no book is for those who reach every one."""
    reached = books()
    return reached is None or book in reached


def narrowed(rows: QuerySet[M], column: str = "book_id") -> QuerySet[M]:
    """The rows in reach, by the column that holds their book."""
    reached = books()
    return rows if reached is None else rows.filter(**{f"{column}__in": reached})


def restrict(to: frozenset[UUID]) -> None:
    """Narrows the present request further, to what a program's key is for. It never widens."""
    by = context.current()
    if by.authority_id is None:
        raise RuntimeError("nobody is acting")
    own = of(by.authority_id)
    by.memory[by.authority_id] = to if own is None else own & to


def _look_up(user_id: int) -> Books:
    found: Books = import_string(settings.BOOK_SCOPE)(user_id)
    return found
