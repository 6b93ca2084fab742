"""The plain transfers of a body, field by field: the drafts that each would become, in half the time."""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

from msgspec import UNSET, UnsetType

from ledger.api.wire.transfers import TransferIn
from ledger.domain.drafts import Kind, TransferDraft
from qenex.kernel.money import AmountProblem, parse_all

T = TypeVar("T")
_REQUIRED = 3
"""Both accounts and the amount."""


class Plain(NamedTuple):
    """Drafts, and how many keys their transfers were given with, ids apart."""

    drafts: list[TransferDraft]
    keys: int


def at_once(given: Sequence[TransferIn]) -> Plain | None:
    """The drafts of transfers that do nothing but move money; none where one does more, or nothing can post it."""
    debits = [each.debit_account for each in given]
    credits = [each.credit_account for each in given]
    amounts = [each.amount for each in given]
    others: list[Sequence[object]] = [
        [each.kind for each in given],
        [each.metadata for each in given],
        [each.origin for each in given],
        [each.timeout for each in given],
        [each.final for each in given],
    ]
    named = all(debits) and all(credits) and all(amounts)  # what is unset is false
    if not given or not named or not all(_unset(column) for column in others):
        return None
    codes, days = [each.code for each in given], [each.value_date for each in given]
    references = [each.reference for each in given]
    units = _units(amounts)
    if units is None or any("\0" in reference for reference in references if reference):
        return None
    columns = (debits, credits, units, repeat(Kind.POSTED))
    optional = (_each(codes, 1), _each(days, None), _each(references, ""))
    drafts = map(TransferDraft, [each.id for each in given], *columns, *optional)
    keys = sum(len(given) - column.count(UNSET) for column in (codes, days, references))
    return Plain(list(drafts), keys + _REQUIRED * len(given))


def _unset(column: Sequence[object]) -> bool:
    return column.count(UNSET) == len(column)


def _each(column: Sequence[T | UnsetType], otherwise: T) -> Iterable[T]:
    return repeat(otherwise) if _unset(column) else [otherwise if each is UNSET else each for each in column]


def _units(amounts: Sequence[Any]) -> list[int] | None:
    try:
        units = parse_all(amounts)
    except AmountProblem:
        return None
    return units if min(units) else None
