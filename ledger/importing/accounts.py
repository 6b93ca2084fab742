"""The accounts that lines name: found, or made on first sight, a batch at a time."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from ledger import services
from ledger.errors import Conflict, Invalid
from ledger.importing.lines import Place
from ledger.models import Account, Book
from ledger.services.accounts import AccountSpec

Key = tuple[str, UUID]


class Accounts:
    """A book's accounts by path and asset. On a dry run none is made, and the ids are those of nobody."""

    def __init__(self, book: Book | None, *, dry_run: bool) -> None:
        self._book, self._dry_run = book, dry_run
        self.refused: dict[Key, str] = {}
        """The accounts that could not be made, and why."""
        self.created = 0

    def ensure(self, places: Iterable[Place]) -> None:
        """Finds or makes those of the accounts that were not met before, and writes their ids into the places."""
        new = [place for place in places if place.account is None and place.key not in self.refused]
        if not new:
            return
        named = {place.key: place for place in new}
        ids = self._find(named)
        missing = [place for key, place in named.items() if key not in ids]
        if missing:
            ids |= self._make(missing)
        for place in new:
            place.account = ids.get(place.key)

    def _find(self, places: Mapping[Key, Place]) -> dict[Key, UUID]:
        if self._book is None:
            return {}
        paths = {path for path, _ in places}
        found = Account.objects.filter(book=self._book, path__in=paths).values_list("path", "asset_id", "id")
        return {(path, asset): account for path, asset, account in found}

    def _make(self, places: Sequence[Place]) -> dict[Key, UUID]:
        if self._dry_run or self._book is None:
            self.created += len(places)
            return {place.key: place.asset.pk for place in places}
        try:
            return self._create(self._book, places)
        except (Conflict, Invalid):  # somebody else made one of them, or one cannot be made: one by one tells which
            made: dict[Key, UUID] = {}
            for place in places:
                made |= self._make_one(self._book, place)
            return made

    def _make_one(self, book: Book, place: Place) -> dict[Key, UUID]:
        try:
            return self._create(book, [place])
        except (Conflict, Invalid) as error:
            found = self._find({place.key: place})
            if place.key not in found:
                self.refused[place.key] = f"account {place.path}: {error.message}"
            return found

    def _create(self, book: Book, places: Sequence[Place]) -> dict[Key, UUID]:
        specs = [
            AccountSpec(place.code, place.asset, place.type, place.path, place.name, owner_ref=place.owner)
            for place in places
        ]
        made = services.accounts_create(book=book, specs=specs)
        self.created += len(made)
        return {place.key: account.pk for place, account in zip(places, made, strict=True)}
