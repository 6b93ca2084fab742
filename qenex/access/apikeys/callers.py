"""Who is behind a key id."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from uuid import UUID

from qenex.access.models import ApiKey, ApiKeySecret
from qenex.kernel import clock
from qenex.kernel.scope import Books

METHOD = "api-key"
"""How the actor of what a signed request does was known, as events have it."""


@dataclass(frozen=True)
class Caller:
    """A key that counts, as it was when it was looked up."""

    id: UUID
    owner: int
    """The user's primary key."""
    scopes: frozenset[str]
    books: Books
    """None: all that the owner reaches."""
    cidrs: tuple[str, ...]
    expires_at: datetime | None
    secrets: tuple[bytes, ...]
    key_id: str
    """What the world knows the key by."""

    def admits(self, address: str | None) -> bool:
        """Whether the key works from this address."""
        return not self.cidrs or (address is not None and _within(address, self.cidrs))

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and now >= self.expires_at


@lru_cache(maxsize=4_096)
def _within(address: str, cidrs: tuple[str, ...]) -> bool:
    return any(ip_address(address) in ip_network(each) for each in cidrs)


def find(key_id: str | None) -> Caller | None:
    """The key of this id; none where it is unknown, revoked, expired or without a secret, or its owner not active.

    Two queries at most. Raises VaultError where the secrets cannot be opened.
    """
    if not key_id:
        return None
    row = ApiKey.objects.filter(key_id=key_id, revoked_at=None, owner__is_active=True).first()
    if row is None:
        return None
    stored = ApiKeySecret.objects.filter(key=row, retired_at=None).order_by("-created_at", "-id")
    secrets = tuple(each.secret for each in stored if each.secret is not None)
    books = frozenset(row.books) or None
    limits = (frozenset(row.scopes), books, tuple(row.cidrs), row.expires_at)
    found = Caller(row.pk, row.owner_id, *limits, secrets, row.key_id)
    return found if secrets and not found.is_expired(clock.now()) else None
