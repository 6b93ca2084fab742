"""The transfers that a journal's lines come down to, and what stands against them."""

import hashlib
from typing import NamedTuple
from uuid import UUID

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ledger.admin.rehearsal import Outcome, rehearse
from ledger.domain.decompose import Part, SelfTransfer, Unbalanced, decompose
from ledger.domain.drafts import TransferDraft
from ledger.forms.journal import JournalForm, LineForm, LinesBase, totals
from ledger.models import Account, Book
from qenex.kernel import canonical
from qenex.kernel.ids import uuid7
from qenex.kernel.money import format_units


class Plan(NamedTuple):
    """The transfers that a journal's lines come down to."""

    lines: list[LineForm]
    parts: list[Part]
    drafts: list[TransferDraft]
    outcomes: list[Outcome]

    @property
    def stands(self) -> bool:
        """Whether all of them would be made."""
        return not any(outcome.refusal for outcome in self.outcomes)


def make_plan(head: JournalForm, lines: LinesBase) -> Plan | None:
    """The transfers; none where something stands against them, which the forms then say."""
    valid = head.is_valid() & lines.is_valid()
    book: Book | None = head.cleaned_data.get("book")
    if not lines.filled:
        head.add_error(None, _("The journal has no lines yet."))
    if book is None or not lines.filled or not lines.settle(book) or not valid:
        return None
    try:
        parts = decompose([form.line() for form in lines.filled])
    except Unbalanced as error:
        head.add_error(None, _difference(lines.filled, error))
        return None
    except SelfTransfer as error:
        _mark_self(lines.filled, error)
        return None
    drafts = _drafts(head, lines.filled, parts)
    plan = Plan(lines.filled, parts, drafts, rehearse(book, drafts, _accounts(lines.filled)))
    for position, outcome in enumerate(plan.outcomes):
        if outcome.refusal:
            mark(plan, position, outcome.refusal)
    return plan


def renew(head: JournalForm) -> None:
    """Another id: whoever goes back to a form that was posted and changes it writes another journal."""
    head.cleaned_data["id"] = id = uuid7()
    head.data = {**dict(head.data.items()), "id": str(id)}


def digest(head: JournalForm, plan: Plan) -> str:
    """What identifies all that was previewed."""
    data = head.cleaned_data
    facts = {
        "journal": data["id"],
        "book": data["book"].pk,
        "texts": [data["reference"], data["description"]],
        "transfers": [
            [draft.debit_account, draft.credit_account, draft.amount, draft.code, draft.value_date]
            for draft in plan.drafts
        ],
    }
    return hashlib.sha256(canonical.encode(facts)).hexdigest()


def mark(plan: Plan, position: int, message: str) -> None:
    """Tells why a transfer is refused beside both lines that it comes from."""
    part, message = plan.parts[position], capfirst(message)
    for place in (part.debit, part.credit):
        form = plan.lines[place]
        if message not in form.errors.get("account", []):
            form.add_error("account", message)


def _accounts(lines: list[LineForm]) -> list[Account]:
    return list({form.found.pk: form.found for form in lines if form.found is not None}.values())


def _drafts(head: JournalForm, lines: list[LineForm], parts: list[Part]) -> list[TransferDraft]:
    """The transfers' ids follow from the journal's, so that a form that is sent twice posts once."""
    data = head.cleaned_data
    journal: UUID = data["id"]
    shared = {"code": data["code"], "value_date": data["value_date"], "reference": data["reference"]}
    accounts = [form.line().account for form in lines]
    return [
        TransferDraft(
            UUID(int=journal.int ^ (number + 1)), accounts[part.debit], accounts[part.credit], part.amount, **shared
        )
        for number, part in enumerate(parts)
    ]


def _mark_self(lines: list[LineForm], error: SelfTransfer) -> None:
    for form in lines:
        if form.found is not None and form.found.pk == error.account:
            form.add_error(
                "account",
                _("This account is debited and credited for more than the other lines can meet: net its lines."),
            )


def _difference(lines: list[LineForm], error: Unbalanced) -> str:
    [total] = [each for each in totals(lines) if each.debit != each.credit and _asset(lines, each.code) == error.asset]
    side = _("debit") if total.debit > total.credit else _("credit")
    difference = format_units(abs(total.debit - total.credit), total.places)
    message = _("The journal does not balance: %(difference)s %(asset)s too much on the %(side)s side.")
    return message % {"difference": difference, "asset": total.code, "side": side}


def _asset(lines: list[LineForm], code: str) -> UUID | None:
    return next((form.found.asset_id for form in lines if form.found and form.found.asset.code == code), None)
