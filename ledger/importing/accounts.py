"""The accounts that lines name: found, or made on first sight, a batch at a time."""

from collections.abc import Iterable
from uuid import UUID

from ledger import services
from ledger.errors import Conflict, Invalid
from ledger.importing.lines import Place
from ledger.models import Account, Book
from ledger.services.accounts import AccountSpec

Key = tuple[str, UUID]


class Accounts:
    """The ids of a book's accounts by path and asset. On a dry run none is made, and the ids are those of nobody."""

    def __init__(self, book: Book | None, *, dry_run: bool) -> None:
        self._book, self._dry_run = book, dry_run
        self._ids: dict[Key, UUID] = {}
        self.refused: dict[Key, str] = {}
        """The accounts that could not be made, and why."""
        self.created = 0

    def id(self, place: Place) -> UUID | None:
        """The account's id; none where it could not be made."""
        return self._ids.get(place.key)

    def ensure(self, places: Iterable[Place]) -> None:
        """Finds or makes those of the accounts that were not met before."""
        missing = {place.key: place for place in places if place.key not in self._ids and place.key not in self.refused}
        if not missing:
            return
        self._find(missing)
        new = [place for key, place in missing.items() if key not in self._ids]
        if new:
            self._make(new)

    def _find(self, places: dict[Key, Place]) -> None:
        if self._book is None:
            return
        paths = {path for path, _ in places}
        found = Account.objects.filter(book=self._book, path__in=paths).values_list("path", "asset_id", "id")
        self._ids.update({(path, asset): account for path, asset, account in found})

    def _make(self, places: list[Place]) -> None:
        if self._dry_run or self._book is None:
            self._ids.update({place.key: place.asset.pk for place in places})
            self.created += len(places)
            return
        try:
            self._create(places)
        except (Conflict, Invalid):
            for place in places:  # somebody else made one of them, or one cannot be made: one by one tells which
                self._make_one(place)

    def _make_one(self, place: Place) -> None:
        try:
            self._create([place])
        except (Conflict, Invalid) as error:
            self._find({place.key: place})
            if place.key not in self._ids:
                self.refused[place.key] = f"account {place.path}: {error.message}"

    def _create(self, places: list[Place]) -> None:
        assert self._book is not None
        specs = [
            AccountSpec(place.code, place.asset, place.type, place.path, place.name, owner_ref=place.owner)
            for place in places
        ]
        made = services.accounts_create(book=self._book, specs=specs)
        self._ids.update({place.key: account.pk for place, account in zip(places, made, strict=True)})
        self.created += len(made)
