"""Names of books and of assets; these are another app's, which says here how they are found."""

from collections.abc import Callable, Mapping
from uuid import UUID

from qenex.access.scopes import catalog

Names = Callable[[], Mapping[UUID, str]]
_assets: list[Names] = []


def provide(*, assets: Names) -> None:
    """Tells how the codes of all assets are found."""
    _assets[:] = [assets]


def books() -> Mapping[UUID, str]:
    """Every book's id and name."""
    return dict(catalog())


def assets() -> Mapping[UUID, str]:
    """Every asset's id and code."""
    return _assets[0]() if _assets else {}


def book_name(id: UUID) -> str:
    """A book's name, or its id where nobody knows it."""
    return books().get(id, str(id))


def asset_name(id: UUID | None) -> str:
    """An asset's code, or its id where nobody knows it."""
    return "" if id is None else assets().get(id, str(id))
