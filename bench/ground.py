"""What is there before anything is posted: a user with a token and a session, books and their accounts.

Books: the first is the one that all clients share; then one for each client's own; then one for the transactions of the
ORM, which do not move a book's head and so must not touch a book that the engine remembers; the last one lies aside for
clients that must not move the shared one's head.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

ACCOUNTS = 10_000
OWN_ACCOUNTS = 1_000
OWN_BOOKS = 16
SHARED = 0
ORM = OWN_BOOKS + 1
ASIDE = OWN_BOOKS + 2
FILE = "ground.json"


@dataclass(frozen=True)
class Book:
    """A book and its accounts; the first account is the hot one."""

    id: UUID
    accounts: list[UUID]


@dataclass(frozen=True)
class Ground:
    """What clients need to know."""

    token: str
    session: str
    books: list[Book]


def own(client: int) -> int:
    """The number of a client's own book."""
    return 1 + client


def save(ground: Ground, var: Path) -> None:
    """Writes it where `load` finds it; only its owner reads it."""
    books = [{"id": str(book.id), "accounts": [str(each) for each in book.accounts]} for book in ground.books]
    path = var / FILE
    path.touch(mode=0o600)
    path.write_text(json.dumps({"token": ground.token, "session": ground.session, "books": books}))


@cache
def load(var: Path) -> Ground:
    """Reads what was saved."""
    found = json.loads((var / FILE).read_text())
    books = [Book(UUID(book["id"]), [UUID(each) for each in book["accounts"]]) for book in found["books"]]
    return Ground(found["token"], found["session"], books)
