"""Transfers that were decided, column by column: what numpy can encode without visiting each one."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from ledger.domain.drafts import TransferDraft
from ledger.domain.rows import Row

Array = npt.NDArray[Any]
_INT64 = 2**63


def ids(values: Sequence[bytes]) -> Array:
    """Ids as numpy keeps them, 16 bytes each."""
    return np.frombuffer(b"".join(values), "V16")


def whole(numbers: Sequence[int]) -> Array:
    """Integers of any size: of 64 bits where all of them fit, otherwise Python's own, slower and as exact."""
    fit = not numbers or (max(numbers) < _INT64 and min(numbers) >= -_INT64)
    return np.array(numbers, np.int64 if fit else object)


class Columns(NamedTuple):
    """Transfers in their order."""

    drafts: Sequence[TransferDraft]
    kinds: Array
    debits: Array
    """Ids, as those of `credits` and `assets`."""
    credits: Array
    assets: Array
    quantum: Array
    """What amounts and balances are counted in: the smallest amount of each one's asset, in units of 10^-18."""
    amounts: Array
    debit_balances: Array
    credit_balances: Array
    posted_at_us: Array
    value_days: Array
    """Proleptic ordinals."""
    origins: Sequence[bytes | None]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """The columns of these rows, of which there is at least one."""
        quantum = [row.debit.quantum for row in rows]
        return cls(
            drafts=[row.draft for row in rows],
            kinds=np.array([row.kind for row in rows], np.int16),
            debits=ids([row.debit.id for row in rows]),
            credits=ids([row.credit.id for row in rows]),
            assets=ids([row.debit.asset for row in rows]),
            quantum=np.array(quantum, np.int64),
            amounts=_counted([row.amount for row in rows], quantum),
            debit_balances=_counted([row.debit_balance for row in rows], quantum),
            credit_balances=_counted([row.credit_balance for row in rows], quantum),
            posted_at_us=np.array([row.posted_at_us for row in rows], np.int64),
            value_days=np.array([row.value_day for row in rows], np.int32),
            origins=[row.origin for row in rows],
        )


def _counted(units: Sequence[int], quantum: Sequence[int]) -> Array:
    return whole([each // step for each, step in zip(units, quantum, strict=True)])
