"""Exchanges between assets, through a position account of each asset."""

from decimal import Decimal
from uuid import UUID, uuid5

from ledger.domain.drafts import Journal as JournalDraft
from ledger.domain.drafts import TransferDraft
from ledger.domain.results import TransferResult
from ledger.errors import Invalid
from ledger.models import Account
from ledger.services.journals import journal_submit
from qenex.kernel.ids import uuid7
from qenex.kernel.money import SCALE, AmountProblem, Rounding, divide, format_units, from_decimal


def exchange_post(
    *,
    sold_from: Account,
    sold_position: Account,
    bought_position: Account,
    bought_to: Account,
    sold: Decimal,
    bought: Decimal,
    id: UUID | None = None,
    reference: str = "",
) -> tuple[UUID, list[TransferResult]]:
    """Sells an amount of one asset for an amount of another: two transfers of one journal, which records the rate.

    The sold asset goes from its owner's account (debited) to the position account of that asset (credited); the bought
    one from its position account (debited) to the owner's (credited). What the position accounts hold is the open
    position in each asset. The rate is units bought for one unit sold, rounded half even to 18 places.
    Raises Invalid where accounts, assets or amounts do not fit, and TransferRefused as `journal_post`.
    """
    accounts = (sold_from, sold_position, bought_position, bought_to)
    if len({account.book_id for account in accounts}) != 1:
        raise Invalid("accounts", "an exchange stays in one book")
    if sold_from.asset_id == bought_to.asset_id:
        raise Invalid("accounts", "an exchange is between two assets")
    sold_units, bought_units = _positive("sold", sold), _positive("bought", bought)
    rate = divide(bought_units * 10**SCALE, sold_units, Rounding.HALF_EVEN)
    entry = JournalDraft(id or uuid7(), "exchange", reference, rate=format_units(rate, 0))
    drafts = [
        TransferDraft(_leg(entry.id, 0), sold_from.pk, sold_position.pk, sold_units, reference=reference),
        TransferDraft(_leg(entry.id, 1), bought_position.pk, bought_to.pk, bought_units, reference=reference),
    ]
    return entry.id, journal_submit(book=sold_from.book_id, entry=entry, drafts=drafts)


def _positive(field: str, amount: Decimal) -> int:
    try:
        units = from_decimal(amount)
    except AmountProblem as problem:
        raise Invalid(field, str(problem)) from problem
    if units <= 0:
        raise Invalid(field, "must be more than zero")
    return units


def _leg(journal: UUID, number: int) -> UUID:
    """A leg's id follows from the journal's, so that the same command again is recognised."""
    return uuid5(journal, str(number))
