"""What bodies name by id or by code, and the problem where it is not there."""

from uuid import UUID

from ledger.api.problems import ASSET_NOT_FOUND, BOOK_NOT_FOUND
from ledger.models import Asset
from ledger.references import find_asset, find_book
from qenex.kernel import scope
from qenex.kernel.problems import Fault, Kind, Problem, pointer


def book_id(text: str) -> UUID:
    """The id of the book that a body or a query names. Raises Problem (422) where there is none in reach."""
    id = find_book(text)
    if id is None or not scope.allows(id):
        raise missing(BOOK_NOT_FOUND, "book")
    return id


def asset(text: str) -> Asset:
    """The asset that a body names. Raises Problem (422)."""
    found = find_asset(text)
    if found is None:
        raise missing(ASSET_NOT_FOUND, "asset")
    return found


def missing(kind: Kind, field: str) -> Problem:
    """The problem of a body that names what is not there."""
    return Problem(kind, faults=[Fault(kind.code, f"{kind.title}.", pointer((field,)))])
