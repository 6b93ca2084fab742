"""What of a journal may still be reversed."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import DecimalField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from ledger.choices import TransferKind
from ledger.models import Transfer
from ledger.selectors.queries import WRITER
from qenex.kernel.money import from_decimal, to_decimal

REVERSIBLE = frozenset({TransferKind.POSTED, TransferKind.HOLD_POST, TransferKind.HOLD_PART})


@dataclass(frozen=True, slots=True)
class Reversible:
    """A transfer of a journal, with what was reversed of it and what is left to reverse."""

    transfer: Transfer
    reversed: Decimal
    left: Decimal


def journal_transfers(journal: UUID, *, limit: int | None = None, using: str = WRITER) -> list[Reversible]:
    """The transfers of a journal in their order, the first `limit` of them where it is given. One query."""
    reversals = Transfer.objects.filter(origin_id=OuterRef("pk"), kind=TransferKind.REVERSAL).order_by()
    total = Subquery(reversals.values("origin_id").annotate(total=Sum("amount")).values("total"))
    transfers = Transfer.objects.using(using).filter(journal_id=journal).order_by("posted_at")
    with_sums = transfers.annotate(reversed_sum=Coalesce(total, Decimal(0), output_field=DecimalField()))
    return [_reversible(transfer, transfer.reversed_sum) for transfer in with_sums[:limit]]


def _reversible(transfer: Transfer, done: Decimal) -> Reversible:
    may_be = transfer.kind in REVERSIBLE
    left = from_decimal(transfer.amount) - from_decimal(done) if may_be else 0
    return Reversible(transfer, done, to_decimal(left))
