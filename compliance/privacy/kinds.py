"""Whose personal data there is: each kind of subject says what is held and how it goes.

An app registers its kind when it is loaded. A subject of no kind has keys only.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol


class Kind(Protocol):
    """One kind of subjects, such as users; its subjects are named `<prefix>:<key>`."""

    prefix: str

    def present(self, name: str) -> bool:
        """Whether there is such a subject."""

    def ready(self, name: str) -> str | None:
        """What must be done before it may be erased, for people; none where nothing must."""

    def last_seen(self, name: str) -> datetime | None:
        """When it did something last: what the law wants kept is kept from then on."""

    def blank(self, name: str) -> dict[str, int]:
        """Blanks every column and ends every access, without an event of its own; what went, by what it is.

        The service that calls it has the one event, which names nobody.
        """

    def held(self, name: str) -> dict[str, Any]:
        """Everything that is held in tables, as JSON values; no secrets."""

    def long_gone(self, before: datetime) -> list[str]:
        """Subjects that have left and did nothing since that moment."""

    def names(self) -> Iterator[str]:
        """Every subject, the oldest first."""


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Makes a kind known, as often as its app is loaded. Raises ValueError for a prefix that another kind has."""
    if type(_kinds.get(kind.prefix, kind)) is not type(kind):
        raise ValueError(f"the subjects {kind.prefix} are registered already")
    _kinds[kind.prefix] = kind


def of(name: str) -> Kind | None:
    """The kind of a subject."""
    return _kinds.get(name.partition(":")[0])


def all() -> list[Kind]:  # noqa: A001  # read as kinds.all()
    """Every kind."""
    return [_kinds[prefix] for prefix in sorted(_kinds)]
