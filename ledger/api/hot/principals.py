"""Who a token belongs to, what he may do and in which books, remembered for a second."""

import asyncio
import time
from dataclasses import dataclass

from channels.db import database_sync_to_async

from ledger.api.wire.permissions import POST, RESOLVE
from qenex.access.scopes import books_of
from qenex.access.tokens import TokenRefused, bearer
from qenex.access.tokens.bearer import METHOD
from qenex.kernel.scope import Books

LIFETIME = 1.0
"""Seconds for which a token goes on working after it was ended or its user lost a permission or a book."""
MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Principal:
    """A token's user, and those of the permissions to post transfers that he has."""

    id: int
    name: str
    method: str
    """How he was known."""
    permissions: frozenset[str]
    books: Books
    """The books in reach; none for every book."""


Found = Principal | None


class Principals:
    """The tokens that were seen within the last second."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[float, asyncio.Task[Found]]] = {}

    async def of(self, authorization: bytes) -> Found:
        """The user behind an Authorization header; none where it is no token that counts.

        Requests that come while it is being looked up wait for the same look-up.
        """
        known = self._known.get(authorization)
        if known is None or known[0] < time.monotonic():
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            known = (time.monotonic() + LIFETIME, asyncio.create_task(_look_up(authorization)))
            self._known[authorization] = known
        task = known[1]
        if task.done():
            return task.result()
        # One request that goes away must not take the look-up of the others with it.
        return await asyncio.shield(task)


async def _look_up(authorization: bytes) -> Found:
    # Gives its connection back: one that stayed with the thread would be used again after the server has died.
    found: Found = await database_sync_to_async(_find, thread_sensitive=False)(authorization)
    return found


def _find(authorization: bytes) -> Found:
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or not token.isascii():
        return None
    try:
        user = bearer(token.decode("ascii")).user
    except TokenRefused:  # Django's own way says why
        return None
    allowed = frozenset(each for each in (POST, RESOLVE) if user.has_perm(each))
    return Principal(user.pk, user.get_username(), METHOD, allowed, books_of(user))
