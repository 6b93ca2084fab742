"""The books there are, for those who are asked to choose among all of them."""

from uuid import UUID

from ledger.models import Book
from qenex.kernel import scope


def catalog() -> list[tuple[UUID, str]]:
    """Id and name of every book in reach, by code. One query."""
    found = scope.narrowed(Book.objects.order_by("code"), "pk").values_list("pk", "code", "name")
    return [(id, f"{code} \N{EN DASH} {name}") for id, code, name in found]
