"""What would become of a journal if it were posted now: the rules run, and nothing is written."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from ledger.choices import BookStatus
from ledger.domain.accounts import Accounts
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.posting import BookState, Refused
from ledger.domain.results import DETAILS, Code
from ledger.domain.state import AccountState, Counters
from ledger.gates import Decision, Facts, gates, judge
from ledger.models import Account, Book
from qenex.kernel import context
from qenex.kernel.money import from_decimal, quantum


class Outcome(NamedTuple):
    """What would become of one transfer. Balances are units on the accounts' normal sides."""

    debit_balance: int
    credit_balance: int
    held: str
    """Why it would be held instead of posted; empty where it would be posted."""
    refusal: str
    """Why it would be refused; empty where it would not."""


def rehearse(book: Book, drafts: Sequence[TransferDraft], accounts: Sequence[Account]) -> list[Outcome]:
    """The outcomes of a journal's transfers, in their order. The accounts come with their assets and balances.

    Only what stands at this moment is considered: when the journal is posted, the rules are asked again.
    """
    if book.status != BookStatus.OPEN:
        return [Outcome(0, 0, "", DETAILS[Code.BOOK_CLOSED]) for _ in drafts]
    assets: dict[UUID | None, UUID] = {account.pk: account.asset_id for account in accounts}
    facts = Facts(book.pk, drafts, lambda draft: assets.get(draft.debit_account), context.current())
    verdicts = judge(facts, gates())
    held = next((verdict.reason for verdict in verdicts.values() if verdict.decision is Decision.HOLD), "")
    state = BookState(Accounts(_state(account) for account in accounts))
    outcomes = []
    for position, draft in enumerate(drafts):
        verdict = verdicts.get(position)
        if verdict is not None and verdict.decision is Decision.REFUSE:
            outcomes.append(Outcome(0, 0, "", verdict.reason))
        else:
            outcomes.append(_outcome(state, draft, position, held))
    return outcomes


def _outcome(state: BookState, draft: TransferDraft, position: int, held: str) -> Outcome:
    try:
        row = state.apply(draft, Kind.HOLD if held else Kind.POSTED, position)
    except Refused as refusal:
        return Outcome(0, 0, "", refusal.detail or DETAILS[refusal.code])
    return Outcome(row.debit_balance, row.credit_balance, held, "")


def _state(account: Account) -> AccountState:
    balance = account.balance
    counters = (balance.debits_posted, balance.credits_posted, balance.debits_pending, balance.credits_pending)
    floor = None if balance.floor is None else from_decimal(balance.floor)
    return AccountState(
        *(account.pk.bytes, account.asset_id.bytes, quantum(account.asset.places), account.normal_side, floor),
        *(account.status, Counters(*map(from_decimal, counters))),
    )
