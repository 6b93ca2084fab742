"""The assets that lines name: those there are, and ISO 4217's currencies, which are added on first sight."""

import iso4217

from ledger import services
from ledger.errors import Conflict
from ledger.importing.problems import LineRefused
from ledger.models import Asset


class Assets:
    """Assets by code, each asked for once. On a dry run none is added."""

    def __init__(self, *, dry_run: bool) -> None:
        self._dry_run = dry_run
        self._known: dict[str, Asset | None] = {}
        self.created = 0

    def get(self, code: str) -> Asset:
        """The asset with this code. Raises LineRefused."""
        if code not in self._known:
            self._known[code] = Asset.objects.filter(code=code).first() if code.isprintable() else None
            if self._known[code] is None:
                self._known[code] = self._currency(code)
        asset = self._known[code]
        if asset is None:
            raise LineRefused("asset", f"{code!r} is no asset of the ledger and no currency of ISO 4217")
        return asset

    def _currency(self, code: str) -> Asset | None:
        try:
            currency = iso4217.Currency(code)
        except ValueError:
            return None
        if currency.exponent is None:
            return None
        self.created += 1
        name, places = currency.currency_name, currency.exponent
        if self._dry_run:
            return Asset(code=code, name=name, places=places)
        try:
            return services.asset_create(code=code, name=name, places=places)
        except Conflict:  # somebody else has just added it
            return Asset.objects.get(code=code)
