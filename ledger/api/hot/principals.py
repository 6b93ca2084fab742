"""Who a token belongs to, what he may do and in which books, remembered for a second."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from ledger.api.hot.remembered import LIFETIME, Remembered
from ledger.api.wire.permissions import POST, RESOLVE
from qenex.access import throttling
from qenex.access.scopes import books_of
from qenex.access.tokens import TokenRefused, bearer
from qenex.access.tokens.bearer import METHOD
from qenex.access.tokens.claims import MAX_LENGTH
from qenex.kernel.scope import Books

__all__ = ["LIFETIME", "Found", "Principal", "Principals", "principal"]
MAX_HEADER = MAX_LENGTH + 16
"""A longer header is none of ours, and is not remembered."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The user behind a request, and those of the permissions to post transfers that he has."""

    id: int
    name: str
    method: str
    """How he was known."""
    permissions: frozenset[str]
    books: Books
    """The books in reach; none for every book."""
    source: str
    """By what he is counted."""
    key_id: str
    """What events know the token or the key by."""


Found = Principal | None


class Principals(Remembered[bytes, Found]):
    """The Authorization headers that were seen within the last second; none for what is no token that counts."""

    def __init__(self) -> None:
        super().__init__(_find)

    async def of(self, key: bytes) -> Found:
        """The user behind an Authorization header; none where it is no token that counts."""
        return await super().of(key) if len(key) <= MAX_HEADER else None


def principal(user: User, method: str, source: str, key_id: str) -> Principal:
    """The user with what he may do here. Some queries."""
    allowed = frozenset(each for each in (POST, RESOLVE) if user.has_perm(each))
    return Principal(user.pk, user.get_username(), method, allowed, books_of(user), source, key_id)


def _find(authorization: bytes) -> Found:
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or not token.isascii():
        return None
    try:
        found = bearer(token.decode("ascii"))
    except TokenRefused:  # Django's own way says why
        return None
    return principal(found.user, METHOD, throttling.principal_of(found.user.pk, found), found.key_id)
