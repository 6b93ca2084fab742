"""What a key is to be: checked before anybody is asked to approve it, and again when it is made."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from qenex.access.apikeys.errors import KeyInvalid
from qenex.access.keyscopes import NAMED, grantable
from qenex.access.roles import known_permissions
from qenex.access.scopes import books_of_id, catalog
from qenex.kernel import clock

NAME_LENGTH = 100


@dataclass(frozen=True)
class Terms:
    """All that is said of a key when it is made."""

    owner: int
    """The user's primary key."""
    name: str
    scopes: tuple[str, ...]
    books: tuple[UUID, ...] = ()
    """None: all that the owner reaches."""
    cidrs: tuple[str, ...] = ()
    """None: from everywhere."""
    expires_at: datetime | None = None

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "owner": self.owner,
            "name": self.name,
            "scopes": list(self.scopes),
            "books": [str(book) for book in self.books],
            "cidrs": list(self.cidrs),
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Terms":
        """The other way round."""
        expires = document["expires_at"]
        return cls(
            owner=document["owner"],
            name=document["name"],
            scopes=tuple(document["scopes"]),
            books=tuple(UUID(book) for book in document["books"]),
            cidrs=tuple(document["cidrs"]),
            expires_at=datetime.fromisoformat(expires) if expires else None,
        )


def checked(
    *,
    owner: User,
    name: str,
    scopes: Collection[str],
    books: Iterable[UUID] = (),
    cidrs: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> Terms:
    """The terms in one order, each value once. Raises KeyInvalid naming the first that is wrong."""
    if not owner.is_active:
        raise KeyInvalid("owner", "The owner is not active.")
    if expires_at is not None and expires_at <= clock.now():
        raise KeyInvalid("expires_at", "The key would be expired at once.")
    return Terms(owner.pk, _name(name), _scopes(scopes), _books(owner, books), networks(cidrs), expires_at)


def networks(cidrs: Iterable[str]) -> tuple[str, ...]:
    """The networks as they are written. Raises KeyInvalid for what is none, or has bits set beyond its prefix."""
    found = []
    for cidr in cidrs:
        try:
            found.append(str(ip_network(cidr)))
        except ValueError as error:
            raise KeyInvalid("cidrs", f"{error}.") from None
    return tuple(sorted(set(found)))


def _name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise KeyInvalid("name", f"A name has 1 to {NAME_LENGTH} visible characters.")
    return name


def _scopes(scopes: Collection[str]) -> tuple[str, ...]:
    if not scopes:
        raise KeyInvalid("scopes", "A key has at least one scope.")
    known = known_permissions()
    for scope in sorted(set(scopes)):
        if scope not in NAMED and scope not in known:
            raise KeyInvalid("scopes", f"There is no scope {scope}.")
        if scope in known and not grantable(scope):
            raise KeyInvalid("scopes", f"No key may have the scope {scope}: it is for people.")
    return tuple(sorted(set(scopes)))


def _books(owner: User, books: Iterable[UUID]) -> tuple[UUID, ...]:
    wanted = set(books)
    if wanted and (strangers := wanted - {id for id, _ in catalog()}):
        raise KeyInvalid("books", f"There is no book {min(strangers)}.")
    reached = books_of_id(owner.pk)
    if reached is not None and (beyond := wanted - reached):
        raise KeyInvalid("books", f"The owner does not reach the book {min(beyond)}.")
    return tuple(sorted(wanted))
