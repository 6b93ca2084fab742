"""Transfers and results as columns: what crosses between a web process and its posting process.

Column by column no field is looked at by itself, one that is the same for all is sent once, and ids are sixteen bytes.
Amounts and metadata are JSON within, because msgpack's integers have 64 bits and theirs have more.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import repeat
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from ledger.domain.drafts import Drafts, Kind, TransferDraft
from ledger.domain.results import Code, Status, TransferResult

T = TypeVar("T")
_encode = msgspec.json.Encoder().encode
_integers = msgspec.json.Decoder(list[int]).decode
_objects = msgspec.json.Decoder(list[dict[str, Any] | None]).decode


class DraftColumns(msgspec.Struct, array_like=True, gc=False):
    """Drafts, field by field."""

    ids: Sequence[UUID]
    debits: Sequence[UUID | None]
    credits: Sequence[UUID | None]
    amounts: bytes
    kinds: Sequence[Kind]
    codes: Sequence[int]
    value_dates: Sequence[date | None]
    references: Sequence[str]
    metadata: bytes
    origins: Sequence[UUID | None]
    timeouts: Sequence[int | None]
    finals: Sequence[bool]

    @classmethod
    def of(cls, drafts: Drafts) -> "DraftColumns":
        """The columns of these drafts. There must be one at least."""
        metadata = [draft.metadata for draft in drafts]
        return cls(
            [draft.id for draft in drafts],
            [draft.debit_account for draft in drafts],
            [draft.credit_account for draft in drafts],
            _encode([draft.amount for draft in drafts]),
            once([draft.kind for draft in drafts]),
            once([draft.code for draft in drafts]),
            once([draft.value_date for draft in drafts]),
            once([draft.reference for draft in drafts]),
            _encode(once(metadata) if metadata[0] is None else metadata),  # 1 is not true, though they are equal
            once([draft.origin for draft in drafts]),
            once([draft.timeout for draft in drafts]),
            once([draft.final for draft in drafts]),
        )

    def drafts(self) -> list[TransferDraft]:
        """The drafts again."""
        return list(
            map(
                TransferDraft,
                *(self.ids, self.debits, self.credits, _integers(self.amounts)),
                *(each(self.kinds), each(self.codes), each(self.value_dates), each(self.references)),
                *(each(_objects(self.metadata)), each(self.origins), each(self.timeouts), each(self.finals)),
            )
        )


class ResultColumns(msgspec.Struct, array_like=True, gc=False):
    """Results, field by field, but for the ids: those are the drafts', in the same order."""

    statuses: Sequence[Status]
    codes: Sequence[Code | None]
    details: Sequence[str]
    posted_at_us: Sequence[int]
    value_days: Sequence[int]
    debit_balances: bytes
    credit_balances: bytes
    replayed: Sequence[bool]
    places: Sequence[int]

    @classmethod
    def of(cls, results: Sequence[TransferResult]) -> "ResultColumns":
        """The columns of these results. There must be one at least."""
        return cls(
            once([result.status for result in results]),
            once([result.code for result in results]),
            once([result.detail for result in results]),
            [result.posted_at_us for result in results],
            once([result.value_day for result in results]),
            _encode([result.debit_balance for result in results]),
            _encode([result.credit_balance for result in results]),
            once([result.replayed for result in results]),
            once([result.places for result in results]),
        )

    def results(self, drafts: Iterable[TransferDraft]) -> Iterator[TransferResult]:
        """The results of these drafts again."""
        return map(
            TransferResult,
            *([draft.id for draft in drafts], each(self.statuses), each(self.codes), each(self.details)),
            *(self.posted_at_us, each(self.value_days)),
            *(_integers(self.debit_balances), _integers(self.credit_balances)),
            *(each(self.replayed), each(self.places)),
        )


def once(column: Sequence[T]) -> Sequence[T]:
    """A column in which all is the same, as one value."""
    return column[:1] if column.count(column[0]) == len(column) else column


def each(column: Sequence[T]) -> Iterable[T]:
    """The column again, for as long as others go on."""
    return column if len(column) > 1 else repeat(column[0])
