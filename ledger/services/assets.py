"""Adding assets."""

from django.db import IntegrityError

from ledger.choices import AssetKind
from ledger.errors import Conflict, Invalid
from ledger.models import Asset
from ledger.services.validation import clean
from qenex.kernel import clock, events, transactions
from qenex.kernel.money import SCALE


def asset_create(*, code: str, name: str = "", kind: str = AssetKind.CURRENCY, places: int) -> Asset:
    """Adds an asset that is counted with so many decimal places, for ever.

    Raises Invalid for a malformed field and Conflict where the code is taken.
    """
    if not 0 <= places <= SCALE:
        raise Invalid("places", f"must be between 0 and {SCALE}")

    def command() -> Asset:
        asset = Asset(code=code, name=name or code, kind=kind, places=places, created_at=clock.now())
        clean(asset)
        asset.save(force_insert=True)
        events.emit(
            "ledger.asset.created",
            subject_type="asset",
            subject_id=asset.pk,
            data={
                "code": code,
                "name": asset.name,
                "kind": kind,
                "places": places,
                "created_at": asset.created_at,
            },
            version=2,
        )
        return asset

    try:
        return transactions.run(command)
    except IntegrityError as error:
        raise Conflict(f"the code {code!r} is taken by another asset") from error
