"""The page on which accountants write a journal, see what it will do, and post it."""

import hashlib
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger import services
from ledger.admin import shown
from ledger.admin.commands import REFUSALS, CommandPage, refuse
from ledger.admin.rehearsal import Outcome, rehearse
from ledger.domain.decompose import Part, SelfTransfer, Unbalanced, decompose
from ledger.domain.drafts import TransferDraft
from ledger.errors import TransferRefused
from ledger.forms.journal import JournalForm, LineForm, LinesBase, lines_form, totals, with_more
from ledger.models import Account, Book, Journal
from qenex.kernel import canonical
from qenex.kernel.ids import uuid7
from qenex.kernel.money import format_units, to_decimal


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


class WriteJournal(CommandPage):
    """GET shows an empty journal. POST shows the transfers that will be made, and then, told so again, posts them."""

    label = gettext_lazy("Add journal")
    permission = "ledger.post_journal"
    form_class = JournalForm
    template_name = "ledger/admin/journal_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty journal."""
        return self.page(JournalForm(initial=self.initial()), lines_form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """More lines, the preview, or the posting; whatever was typed is kept."""
        if "_more" in request.POST:
            return self.page(_untouched(request.POST), lines_form(with_more(request.POST)))
        head, lines = JournalForm(request.POST), lines_form(request.POST)
        plan = self.plan(head, lines)
        if plan is None:
            return self.page(head, lines)
        seen = head.cleaned_data["previewed"] == _digest(head, plan)
        posting = "_post" in request.POST
        sent_before = Journal.objects.filter(pk=head.cleaned_data["id"]).exists()
        if posting and seen and (sent_before or plan.stands):
            return self.send(head, lines, plan)
        if sent_before:
            _renew(head)
        return self.page(head, lines, plan, changed=posting and not seen)

    def plan(self, head: JournalForm, lines: LinesBase) -> Plan | None:
        """The transfers; none where something stands against them, which the forms then say."""
        if not (head.is_valid() & lines.is_valid()):
            return None
        if not lines.filled:
            head.add_error(None, _("The journal has no lines yet."))
            return None
        book: Book = head.cleaned_data["book"]
        if not lines.settle(book):
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
                _mark(plan, position, outcome.refusal)
        return plan

    def send(self, head: JournalForm, lines: LinesBase, plan: Plan) -> HttpResponse:
        """Calls journal_post."""
        data = head.cleaned_data
        texts = {name: data[name] for name in ("reference", "description")}
        try:
            journal, results = services.journal_post(book=data["book"], transfers=plan.drafts, id=data["id"], **texts)
        except TransferRefused as error:
            _mark(plan, error.position, str(error))
        except REFUSALS as error:
            refuse(head, error)
        else:
            messages.success(self.request, _posted(len(results), any(result.status == "held" for result in results)))
            return redirect(shown.page("journal", journal))
        return self.page(head, lines)

    def page(
        self, head: JournalForm, lines: LinesBase, plan: Plan | None = None, *, changed: bool = False
    ) -> TemplateResponse:
        """The form, and the preview under it where there is one."""
        ready = plan is not None and plan.stands
        if plan is not None:
            head.data = {**dict(head.data.items()), "previewed": _digest(head, plan) if ready else ""}
        options = self.model_admin.opts
        context = {
            **self.model_admin.admin_site.each_context(self.request),
            **{"title": self.label, "opts": options, "form": head, "lines": lines, "ready": ready, "changed": changed},
            **{"preview": _preview(plan) if plan else [], "sums": _sums(plan) if plan else []},
            **{"back": self.model_admin.address(None), "failed": bool(head.errors) or any(lines.errors)},
        }
        return TemplateResponse(self.request, self.template_name, context)


def _untouched(data: QueryDict) -> JournalForm:
    """The head as it was typed, without a word about what is still missing."""
    return JournalForm(initial={name: data.get(name) for name in JournalForm.base_fields})


def _renew(head: JournalForm) -> None:
    """Another id: whoever goes back to a form that was posted and changes it writes another journal."""
    head.cleaned_data["id"] = id = uuid7()
    head.data = {**dict(head.data.items()), "id": str(id)}


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


def _digest(head: JournalForm, plan: Plan) -> str:
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


def _mark(plan: Plan, position: int, message: str) -> None:
    """Tells why a transfer is refused beside both lines that it comes from."""
    part = plan.parts[position]
    for place in (part.debit, part.credit):
        form = plan.lines[place]
        if message not in form.errors.get("account", []):
            form.add_error("account", message)


def _mark_self(lines: list[LineForm], error: SelfTransfer) -> None:
    for form in lines:
        if form.found is not None and form.found.pk == error.account:
            form.add_error(
                "account", _("This account is debited and credited for more than the other lines can meet: net its lines.")
            )


def _difference(lines: list[LineForm], error: Unbalanced) -> str:
    [total] = [each for each in totals(lines) if each.debit != each.credit and _asset(lines, each.code) == error.asset]
    side = _("debit") if total.debit > total.credit else _("credit")
    difference = format_units(abs(total.debit - total.credit), total.places)
    message = _("The journal does not balance: %(difference)s %(asset)s too much on the %(side)s side.")
    return message % {"difference": difference, "asset": total.code, "side": side}


def _asset(lines: list[LineForm], code: str) -> UUID | None:
    return next((form.found.asset_id for form in lines if form.found and form.found.asset.code == code), None)


def _posted(count: int, held: bool) -> str:
    if held:
        return _("The journal was recorded with %(count)d transfers, which are held.") % {"count": count}
    return _("The journal was posted with %(count)d transfers.") % {"count": count}


def _preview(plan: Plan) -> list[dict[str, Any]]:
    rows = []
    for part, outcome in zip(plan.parts, plan.outcomes, strict=True):
        debit, credit = plan.lines[part.debit].found, plan.lines[part.credit].found
        assert debit is not None
        places = debit.asset.places
        rows.append(
            {
                **{"debit": debit, "credit": credit, "asset": debit.asset, "outcome": outcome},
                **{"amount": _units(part.amount, places), "debit_after": _units(outcome.debit_balance, places)},
                "credit_after": _units(outcome.credit_balance, places),
            }
        )
    return rows


def _sums(plan: Plan) -> list[dict[str, str]]:
    return [{"asset": each.code, "amount": _units(each.debit, each.places)} for each in totals(plan.lines)]


def _units(units: int, places: int) -> str:
    return shown.amount(to_decimal(units), places)
