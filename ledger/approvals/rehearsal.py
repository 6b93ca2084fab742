"""What a frozen submission would do if it were carried out now: the posting rules run, and nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ledger.choices import BookStatus
from ledger.domain.accounts import Accounts
from ledger.domain.drafts import Drafts, Journal, TransferDraft
from ledger.domain.posting import BookState
from ledger.domain.results import Code, TransferResult
from ledger.domain.sequence import Order, Walk
from ledger.engine import load, verdicts
from ledger.errors import NotFound, TransferRefused
from ledger.gates import Facts, gates
from ledger.models import Book
from qenex.kernel import clock, context

Balances = dict[UUID, tuple[int, int]]
"""Account → posted and available, in units on its normal side."""


@dataclass(frozen=True)
class Rehearsal:
    """What became of the transfers, and of the balances of the accounts that they touch."""

    results: Sequence[TransferResult]
    before: Balances
    after: Balances


def rehearse(book: UUID, drafts: Drafts, journal: Journal | None) -> Rehearsal:
    """Runs the rules. Raises NotFound and TransferRefused as the posting itself would."""
    status = Book.objects.values_list("status", flat=True).filter(pk=book).first()
    if status is None:
        raise NotFound(f"there is no book {book}")
    with transaction.atomic(), connection.wrap_database_errors:
        raw = connection.connection
        state = BookState(Accounts())
        load.fill(raw, book, state, drafts, state.accounts.locate(drafts))
        known = load.known(load.open_cursor(raw), [draft.id for draft in drafts])
        facts = Facts(book, drafts, lambda draft: _asset(state, draft), context.current(), journal)
        linked = journal is not None
        judged = verdicts.of(facts, gates(), linked=linked)
        results: list[TransferResult] = []
        order = Order(drafts, journal.id if journal else None, judged, results)
        now = load.microseconds(clock.now())
        walk = Walk(book, state, now, known, set(), open=status == BookStatus.OPEN)
        before = _balances(state)
        walk.linked(order)
    _refuse(results)
    return Rehearsal(results, before, _balances(state))


def _refuse(results: Sequence[TransferResult]) -> None:
    for position, result in enumerate(results):
        if not result.ok and result.code is not Code.LINKED_FAILED:
            raise TransferRefused(result, position)


def _asset(state: BookState, draft: TransferDraft) -> UUID | None:
    account = state.accounts.get(draft.debit_account.int) if draft.debit_account else None
    return UUID(bytes=account.asset) if account else None


def _balances(state: BookState) -> Balances:
    accounts: Mapping[int, Any] = state.accounts
    return {UUID(int=key): (accounts[key].posted, accounts[key].available) for key in accounts}
