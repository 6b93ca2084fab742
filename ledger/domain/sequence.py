"""A batch is its transfers' order: each gets its moment and its result here, and groups fail whole."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import msgspec

from ledger.domain.drafts import Drafts, Kind, TransferDraft
from ledger.domain.known import STATUS, Known
from ledger.domain.posting import BookState, Refused, Touched
from ledger.domain.results import Code, TransferResult, refused
from ledger.domain.rows import Row
from ledger.domain.state import PLACES

GateVerdict = tuple[Kind | Code, str]
"""What the transfer becomes instead (a hold, or the code of its refusal), and the reason."""
_WHATEVER_IT_IS = (Code.APPROVAL_REQUIRED, Code.SECOND_PERSON_REQUIRED)
"""Refusals of a gate that stop what acts on other transfers as well as what is new."""

Made = tuple[TransferDraft, UUID | None, TransferResult]
"""A transfer of this batch: what was asked for, in which journal, and the answer."""


class Order(NamedTuple):
    """One caller's part of a batch."""

    drafts: Drafts
    journal: UUID | None
    verdicts: Mapping[int, GateVerdict]
    results: list[TransferResult]
    """Filled as the order is walked, one for each draft."""


class Walk:
    """The walk over one batch of a book."""

    def __init__(
        self,
        book: UUID,
        state: BookState,
        start_us: int,
        known: Mapping[int, Known],
        journals: set[UUID],
        *,
        open: bool,
    ) -> None:
        self.book, self.state, self.known, self.open = book, state, known, open
        self.journals = journals
        """Journals that stand: nothing is added to them."""
        self.next_us = start_us
        """The posting time of the next transfer: each gets its own microsecond, so that posting time is the order."""
        self.made: dict[int, Made] = {}
        self._apply = state.apply_and_keep if state.awaited else state.apply

    def unlinked(self, order: Order, start: int = 0, stop: int | None = None) -> list[Row]:
        """The rows of those transfers that post; each of the others only gets its refusal.

        `start` and `stop` tell which of the order's transfers it is about; those before were walked before.
        """
        rows = []
        for position, draft in enumerate(order.drafts[start:stop], start):
            row = self._step(order, position, draft)
            if row is not None:
                rows.append(row)
        return rows

    def linked(self, order: Order) -> list[Row]:
        """The rows of all transfers, or none where one is refused: then nothing has changed."""
        outer, self.state.touched = self.state.touched, Touched()
        start_us, made = self.next_us, dict(self.made)
        rows = self.unlinked(order)
        if self._stands(order, len(rows)):
            outer.absorb(self.state.touched)
            if order.journal is not None:
                self.journals.add(order.journal)
        else:
            self.state.undo()
            self.next_us, self.made = start_us, made
            rows = []
        self.state.touched = outer
        return rows

    def _step(self, order: Order, position: int, draft: TransferDraft) -> Row | None:
        id = draft.id.int
        try:
            earlier = self.made.get(id)
            if earlier is not None or id in self.known:
                order.results.append(self._again(order, draft, earlier))
                return None
            row = self._apply(draft, self._kind(order, position, draft), self.next_us)
        except Refused as refusal:
            order.results.append(refused(draft.id, refusal.code, refusal.detail))
            return None
        result = TransferResult(
            draft.id,
            STATUS[row.kind],
            None,
            "",
            row.posted_at_us,
            row.value_day,
            row.debit_balance,
            row.credit_balance,
            False,
            PLACES[row.debit.quantum],
        )
        self.next_us += 1
        self.made[id] = (draft, order.journal, result)
        order.results.append(result)
        return row

    def _kind(self, order: Order, position: int, draft: TransferDraft) -> Kind:
        if not self.open:
            raise Refused(Code.BOOK_CLOSED)
        if order.journal is not None and order.journal in self.journals:
            raise Refused(Code.ID_REUSED, "A journal with this id and other content exists.")
        verdict = order.verdicts.get(position)
        new = draft.kind in (Kind.POSTED, Kind.HOLD)
        if verdict is None or not (new or verdict[0] in _WHATEVER_IT_IS):
            return draft.kind
        instead, reason = verdict
        if isinstance(instead, Code):
            raise Refused(instead, reason)
        return instead

    def _again(self, order: Order, draft: TransferDraft, earlier: Made | None) -> TransferResult:
        if earlier is not None:
            if earlier[:2] != (draft, order.journal):
                raise Refused(Code.ID_REUSED)
            return msgspec.structs.replace(earlier[2], replayed=True)
        known = self.known[draft.id.int]
        if not known.same_as(draft, self.book, order.journal):
            raise Refused(Code.ID_REUSED)
        return known.answer(draft.id)

    @staticmethod
    def _stands(order: Order, posted: int) -> bool:
        """Marks the whole order as failed where some of it was; a repetition of the whole order stands as it stood."""
        results = order.results
        if posted == len(results) or all(result.ok and result.replayed for result in results):
            return True
        for position, result in enumerate(results):
            if result.replayed:
                results[position] = refused(result.id, Code.ID_REUSED)
            elif result.ok:
                results[position] = refused(result.id, Code.LINKED_FAILED)
        return False
