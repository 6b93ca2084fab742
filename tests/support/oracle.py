"""The ledger once more, in the plainest Python there is: what the real one must agree with, step by step.

Whole numbers in dictionaries; a linked batch that fails is undone by going back to a copy of everything.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from uuid import UUID

from ledger.domain.drafts import Kind, TransferDraft

LARGEST = 10**38 - 1


class No(Exception):
    """A refusal and its code."""


@dataclass
class Purse:
    """An account. `side` is 1 where debits make it grow."""

    asset: str
    step: int
    side: int
    floor: int | None = None
    status: str = "open"
    debits: int = 0
    credits: int = 0
    debits_pending: int = 0
    credits_pending: int = 0

    def free(self) -> int:
        """What may be spent, before the floor."""
        return self.side * (self.debits - self.credits) - (
            self.credits_pending if self.side == 1 else self.debits_pending
        )


@dataclass
class Promise:
    """A hold."""

    debit: UUID
    credit: UUID
    amount: int
    left: int
    ends: int | None
    status: str = "open"


class Oracle:
    """A book."""

    def __init__(self, now_us: int) -> None:
        self.open = True
        self.last_us = now_us
        self.purses: dict[UUID, Purse] = {}
        self.promises: dict[UUID, Promise] = {}
        self.payments: dict[UUID, list[int | UUID]] = {}
        self.done: dict[UUID, tuple[TransferDraft, str]] = {}

    def post(self, drafts: Sequence[TransferDraft], now_us: int, *, linked: bool = False) -> list[str]:
        """What becomes of each transfer: its state, or the code of its refusal; "again" before a repeated answer."""
        before, known = deepcopy(vars(self)), set(self.done)
        self.last_us = max(now_us - 1, self.last_us)
        answers = [self._answer(draft) for draft in drafts]
        if answers == [answer for answer in answers if answer.startswith("again")] or len(self.done) == len(known):
            self.last_us = before["last_us"]
        good = [answer in GOOD for answer in answers]
        if not linked or all(good) or all(answer.startswith("again") for answer in answers):
            return answers
        vars(self).update(before)
        marks = {"again": "id_reused"} | dict.fromkeys(GOOD, "linked_failed")
        return [marks.get(answer.split()[0], answer) for answer in answers]

    def expire(self, now_us: int) -> None:
        """What the sweeper does."""
        due = [each for each in self.promises.values() if each.status == "open" and each.ends and each.ends <= now_us]
        if due and self.open:
            self.last_us = max(now_us - 1, self.last_us) + len(due)
            for each in due:
                self._let_go(each, each.left, "expired")

    def _answer(self, draft: TransferDraft) -> str:
        if draft.id in self.done:
            first, answer = self.done[draft.id]
            return f"again {answer}" if first == draft else "id_reused"
        try:
            if not self.open:
                raise No("book_closed")
            answer = self._act(draft, self.last_us + 1)
        except No as no:
            return str(no)
        self.last_us += 1
        self.done[draft.id] = (draft, answer)
        return answer

    def _act(self, draft: TransferDraft, at_us: int) -> str:
        if draft.kind in (Kind.POSTED, Kind.HOLD):
            return self._new(draft, at_us)
        if draft.kind is Kind.REVERSAL:
            return self._reverse(draft)
        promise = self.promises.get(draft.origin) if draft.origin else None
        if promise is None:
            raise No("hold_not_found")
        if promise.status != "open" or (promise.ends is not None and promise.ends <= at_us):
            raise No("hold_resolved")
        amount = draft.amount or promise.left
        if amount > promise.left or (draft.kind is Kind.HOLD_VOID and amount != promise.left):
            raise No("hold_exceeded")
        if draft.kind is Kind.HOLD_VOID:
            self._let_go(promise, promise.left, "voided")
            return "voided"
        self._check(promise.debit, promise.credit, amount, spend=False)
        done = draft.final or amount == promise.left
        self._let_go(promise, promise.left if done else amount, "posted" if done else "open")
        self._move(draft.id, promise.debit, promise.credit, amount)
        return "posted"

    def _new(self, draft: TransferDraft, at_us: int) -> str:
        if draft.debit_account is None or draft.credit_account is None:
            raise No("account_not_found")
        self._check(draft.debit_account, draft.credit_account, draft.amount, hold=draft.kind is Kind.HOLD)
        if draft.kind is Kind.POSTED:
            self._move(draft.id, draft.debit_account, draft.credit_account, draft.amount)
            return "posted"
        self.purses[draft.debit_account].debits_pending += draft.amount
        self.purses[draft.credit_account].credits_pending += draft.amount
        ends = None if draft.timeout is None else at_us + draft.timeout * 1_000_000
        self.promises[draft.id] = Promise(draft.debit_account, draft.credit_account, draft.amount, draft.amount, ends)
        return "held"

    def _reverse(self, draft: TransferDraft) -> str:
        payment = self.payments.get(draft.origin) if draft.origin else None
        if payment is None:
            raise No("reversal_not_possible")
        debit, credit, left = payment
        assert isinstance(debit, UUID) and isinstance(credit, UUID) and isinstance(left, int)  # noqa: PT018  # one fact
        amount = draft.amount or left
        if amount > left or left == 0:
            raise No("reversal_exceeded")
        self._check(credit, debit, amount)
        self._move(None, credit, debit, amount)
        payment[2] = left - amount
        return "posted"

    def _check_pair(self, debit: UUID, credit: UUID) -> tuple[Purse, Purse]:
        if debit == credit:
            raise No("same_account")
        if debit not in self.purses or credit not in self.purses:
            raise No("account_not_found")
        pair = self.purses[debit], self.purses[credit]
        for status in ("closed", "frozen"):
            if status in (pair[0].status, pair[1].status):
                raise No(f"account_{status}")
        if pair[0].asset != pair[1].asset:
            raise No("asset_mismatch")
        return pair

    def _check(self, debit: UUID, credit: UUID, amount: int, *, spend: bool = True, hold: bool = False) -> None:
        pair = self._check_pair(debit, credit)
        if not 0 < amount <= LARGEST:
            raise No("amount_range")
        if amount % pair[0].step:
            raise No("amount_precision")
        sums = (pair[0].debits_pending, pair[1].credits_pending) if hold else (pair[0].debits, pair[1].credits)
        if max(sums) + amount > LARGEST:
            raise No("amount_range")
        for purse, shrinks in ((pair[0], -1), (pair[1], 1)):
            if spend and purse.side == shrinks and purse.floor is not None and purse.free() - amount < purse.floor:
                raise No("insufficient_funds")

    def _move(self, id: UUID | None, debit: UUID, credit: UUID, amount: int) -> None:
        self.purses[debit].debits += amount
        self.purses[credit].credits += amount
        if id is not None:
            self.payments[id] = [debit, credit, amount]

    def _let_go(self, promise: Promise, amount: int, status: str) -> None:
        self.purses[promise.debit].debits_pending -= amount
        self.purses[promise.credit].credits_pending -= amount
        promise.left -= amount
        promise.status = status


GOOD = ("posted", "held", "voided")
