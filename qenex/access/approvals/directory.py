"""Names of books and assets, which are another app's: it says here how they are found."""

from collections.abc import Callable, Mapping
from uuid import UUID

Names = Callable[[], Mapping[UUID, str]]
_books: list[Names] = []
_assets: list[Names] = []


def provide(*, books: Names, assets: Names) -> None:
    """Tells how the names of all books and of all assets are found."""
    _books[:], _assets[:] = [books], [assets]


def books() -> Mapping[UUID, str]:
    """Every book's id and name."""
    return _books[0]() if _books else {}


def assets() -> Mapping[UUID, str]:
    """Every asset's id and code."""
    return _assets[0]() if _assets else {}


def book_name(id: UUID) -> str:
    """A book's name, or its id where nobody knows it."""
    return books().get(id, str(id))


def asset_name(id: UUID | None) -> str:
    """An asset's code, or its id where nobody knows it."""
    return "" if id is None else assets().get(id, str(id))
