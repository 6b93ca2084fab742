"""The commands that move money: a transfer above an amount, the post of a hold, journals, exchanges, reversals."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy

from ledger.approvals.rehearsal import Rehearsal, rehearse
from ledger.approvals.submissions import EXCHANGE, HOLD, JOURNAL, REVERSAL, TRANSFER, read
from ledger.domain.drafts import Drafts, Journal, Kind
from ledger.domain.results import Status
from ledger.engine.batch import Submission
from ledger.errors import LedgerError, TransferRefused, first_cause
from ledger.models import Account, Book, Transfer
from ledger.services.journals import journal_submit
from ledger.services.transfers import submit
from qenex.access import approvals
from qenex.access.approvals.registry import Difference
from qenex.kernel import context
from qenex.kernel.money import SCALE, format_units, from_decimal

NOBODY = UUID(int=0)
SHOWN = 50
"""Accounts and transfers that a difference lists; of the rest it says how many there are."""
_HEADLINES = {
    "entry": ("Posts a journal of one transfer", "Posts a journal of {} transfers"),
    "exchange": ("Posts an exchange of one transfer", "Posts an exchange of {} transfers"),
    "reversal": ("Reverses one transfer of a journal", "Reverses {} transfers of a journal"),
}
_KINDS = {Kind.POSTED: "Posts a transfer", Kind.HOLD: "Holds a transfer", Kind.HOLD_POST: "Posts a hold"}


def carry_out(payload: Mapping[str, Any]) -> None:
    """Submits just what was frozen. Raises as the services do."""
    book, drafts, journal = read(payload)
    if journal is not None:
        journal_submit(book=book, entry=journal, drafts=drafts)
        return
    [result] = submit(book=book, submission=Submission(drafts, context.current()))
    if not result.ok:
        raise TransferRefused(result)


def reference(batch: Any) -> str:
    """The id of the journal or the transfer that was posted, inside the transaction. Raises TransferRefused."""
    [submission] = batch.submissions
    refusal = first_cause(submission.results)
    if refusal is not None:
        raise refusal
    return str(submission.journal.id if submission.journal else submission.drafts[0].id)


def describe(payload: Mapping[str, Any]) -> Difference:
    """The balances before and after, and each transfer. Raises as the posting itself would."""
    book, drafts, journal = read(payload)
    rehearsal = rehearse(book, drafts, journal)
    named = _names(rehearsal, drafts)
    changes = list(_changes(rehearsal, named))
    facts = [("Book", str(Book.objects.get(pk=book))), *_facts(rehearsal, drafts, journal, named)]
    return Difference(_headline(drafts, journal), _cut(changes), _cut(facts))


def _headline(drafts: Drafts, journal: Journal | None) -> str:
    if journal is None:
        return _KINDS[drafts[0].kind]
    one, many = _HEADLINES[journal.kind]
    return one if len(drafts) == 1 else many.format(len(drafts))


def _names(rehearsal: Rehearsal, drafts: Drafts) -> dict[UUID, Account]:
    named = {id for draft in drafts for id in (draft.debit_account, draft.credit_account) if id}
    return Account.objects.select_related("asset").in_bulk(list(named | rehearsal.after.keys()))


def _changes(rehearsal: Rehearsal, named: Mapping[UUID, Account]) -> Iterator[tuple[str, str, str]]:
    """Posted balances that move, and available ones that do not move alike."""
    for id, after in sorted(rehearsal.after.items(), key=lambda pair: named[pair[0]].code):
        before = rehearsal.before[id]
        posted, available = after[0] - before[0], after[1] - before[1]
        account = named[id]
        if posted:
            yield (f"{account.code}: balance", _money(before[0], account), _money(after[0], account))
        if available != posted:
            yield (f"{account.code}: available", _money(before[1], account), _money(after[1], account))


def _facts(
    rehearsal: Rehearsal, drafts: Drafts, journal: Journal | None, named: Mapping[UUID, Account]
) -> Iterator[tuple[str, str]]:
    if journal is not None and journal.description:
        yield ("Description", journal.description)
    if journal is not None and journal.reverses:
        yield ("Reverses", str(journal.reverses))
    moved = _moved(drafts)
    for number, (draft, result) in enumerate(zip(drafts, rehearsal.results, strict=True), 1):
        debit, credit, whole = moved[draft.id]
        account = named.get(debit)
        held = " (held)" if result.status is Status.HELD else ""
        if account is not None and credit in named:
            amount = _money(draft.amount, account) if draft.amount else f"what is left of {_money(whole, account)}"
            yield (f"Transfer {number}", f"{amount}: debit {account.code}, credit {named[credit].code}{held}")
        if draft.reference:
            yield (f"Transfer {number}, reference", draft.reference)


def _moved(drafts: Drafts) -> dict[UUID, tuple[UUID, UUID, int]]:
    """Transfer → the accounts that it debits and credits, and the amount; what acts on another one has that one's."""
    origins = Transfer.objects.in_bulk([draft.origin for draft in drafts if draft.origin])
    found = {}
    for draft in drafts:
        origin = origins.get(draft.origin) if draft.origin else None
        sides = (draft.debit_account or NOBODY, draft.credit_account or NOBODY)
        if origin is not None:
            sides = (origin.debit_account_id, origin.credit_account_id)
        if draft.kind is Kind.REVERSAL:
            sides = sides[::-1]
        found[draft.id] = (*sides, from_decimal(origin.amount) if origin else draft.amount)
    return found


def _cut(rows: list[Any]) -> list[Any]:
    if len(rows) <= SHOWN:
        return rows
    more = f"and {len(rows) - SHOWN} more"
    return [*rows[:SHOWN], (more, *[""] * (len(rows[0]) - 1))]


def _money(units: int, account: Account) -> str:
    """An amount with its asset's places and code, thousands apart; more places only where they are not zero."""
    text = format_units(units, min(account.asset.places, SCALE))
    return f"{Decimal(text):,} {account.asset.code}"


_LABELS = {
    TRANSFER: (gettext_lazy("Transfer"), "ledger.post_transfer", ()),
    HOLD: (gettext_lazy("Post of a hold"), "ledger.resolve_hold", ()),
    JOURNAL: (gettext_lazy("Journal"), "ledger.post_journal", (TRANSFER, HOLD)),
    EXCHANGE: (gettext_lazy("Exchange"), "ledger.post_exchange", (TRANSFER,)),
    REVERSAL: (gettext_lazy("Reversal of a journal"), "ledger.reverse_journal", ()),
}
for _name, (_label, _permission, _covers) in _LABELS.items():
    approvals.command(
        _name,
        label=_label,
        permission=_permission,
        describe=describe,
        result=reference,
        measured=True,
        refusals=(LedgerError,),
        covers=_covers,
    )(carry_out)
