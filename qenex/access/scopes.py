"""Object scope by book: which books a person's roles reach."""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.utils.module_loading import import_string

from qenex.access.models import BookScope
from qenex.kernel import events, scope, transactions
from qenex.kernel.scope import Books


class Narrowed(ValueError):
    """Somebody who reaches only some books wants to say which ones others reach."""


CHANGE = "access.scope.change"


class NoSuchBook(ValueError):
    """A book that is to be put in reach and is not there."""


def books_of(user: AbstractBaseUser | AnonymousUser) -> Books:
    """The books that a user reaches; none for every book. At most one query a request for whoever is acting."""
    return scope.NOTHING if user.pk is None else scope.of(user.pk)


def allows(user: AbstractBaseUser | AnonymousUser, book_id: UUID) -> bool:
    """Whether a user reaches a book; what he may do there is for his roles to say."""
    reached = books_of(user)
    return reached is None or book_id in reached


def books_of_id(user_id: int) -> Books:
    """The books of the user with this id, as they are stored now; the kernel calls it (`BOOK_SCOPE`). One query."""
    found = frozenset(BookScope.objects.filter(user_id=user_id).values_list("book_id", flat=True))
    return found or None


def catalog() -> list[tuple[UUID, str]]:
    """Every book in reach of whoever is acting, with what people call it; `BOOK_CATALOG` names who knows."""
    known: list[tuple[UUID, str]] = import_string(settings.BOOK_CATALOG)()
    return known


def find_book(text: str) -> UUID | None:
    """The id of the book of this id or code, whoever reaches it; the app that has books is named in `BOOK_FINDER`."""
    found: UUID | None = import_string(settings.BOOK_FINDER)(text)
    return found


def scope_set(*, user: User, books: Iterable[UUID] | None) -> Books:
    """Lets a user reach just these books, or with none every book; returns what he reaches now.

    Raises NoSuchBook for a book that is not there, Narrowed where whoever is acting reaches only some books himself,
    and ValueError for no books at all: whoever is to reach nothing has his roles taken away. Raises
    ApprovalRequired where he would reach more than before and that takes two people.
    """
    if scope.books() is not None:
        raise Narrowed("you reach only some books: you cannot say which ones others reach")
    from qenex.access.approvals.policy import demand  # approvals keep to the books in reach, and so know this module

    wanted: Books = None if books is None else frozenset(books)
    if wanted is not None and not wanted:
        raise ValueError("name at least one book")
    if wanted is not None and (strangers := wanted - {id for id, _ in catalog()}):
        raise NoSuchBook(f"there is no book {min(strangers)}")

    def command() -> Books:
        before = books_of_id(user.pk)
        if before == wanted:
            return before
        if _more(before, wanted):
            demand(CHANGE, {"user": user.pk, "books": _listed(wanted)})
        rows = BookScope.objects.filter(user=user)
        rows.exclude(book_id__in=wanted or ()).delete()
        fresh = sorted((wanted or scope.NOTHING) - (before or scope.NOTHING))
        BookScope.objects.bulk_create([BookScope(user=user, book_id=id) for id in fresh])
        events.emit(
            "access.scope.changed",
            subject_type="user",
            subject_id=user.pk,
            data={"user": user.get_username()},
            changes={"books": (_listed(before), _listed(wanted))},
        )
        return wanted

    return transactions.run(command)


def _more(before: Books, wanted: Books) -> bool:
    """Whether more books are in reach than before."""
    return before is not None and (wanted is None or bool(wanted - before))


def _listed(books: Books) -> list[UUID] | None:
    return None if books is None else sorted(books)
