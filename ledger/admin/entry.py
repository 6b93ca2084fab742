"""The page on which accountants write a journal, see what it will do, and post it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy, ngettext

from ledger import services
from ledger.admin import shown
from ledger.admin.commands import REFUSALS, CommandPage, refuse
from ledger.admin.plans import Plan, digest, make_plan, mark, renew
from ledger.errors import TransferRefused
from ledger.forms.journal import JournalForm, LinesBase, lines_form, totals, with_more
from ledger.models import Journal
from qenex.access.admin.asking import ask
from qenex.access.approvals import ApprovalRequired
from qenex.access.approvals.notices import notice
from qenex.kernel.money import to_decimal


class WriteJournal(CommandPage):
    """GET shows an empty journal. POST shows the transfers that will be made, and then, told so again, posts them."""

    label = gettext_lazy("Add journal")
    permission = "ledger.post_journal"
    approval_command = "ledger.journal.post"
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
        plan = make_plan(head, lines)
        if plan is None:
            return self.page(head, lines)
        seen = head.cleaned_data["previewed"] == digest(head, plan)
        posting = "_post" in request.POST
        sent_before = Journal.objects.filter(pk=head.cleaned_data["id"]).exists()
        if posting and seen and (sent_before or plan.stands):
            return self.send(head, lines, plan)
        if sent_before:
            renew(head)
        return self.page(head, lines, plan, changed=posting and not seen)

    def send(self, head: JournalForm, lines: LinesBase, plan: Plan) -> HttpResponse:
        """Calls journal_post."""
        data = head.cleaned_data
        texts = {name: data[name] for name in ("reference", "description")}
        try:
            journal, results = services.journal_post(book=data["book"], transfers=plan.drafts, id=data["id"], **texts)
        except ApprovalRequired as needed:
            return self.ask_for(head, lines, needed)
        except TransferRefused as error:
            mark(plan, error.position, str(error))
        except REFUSALS as error:
            refuse(head, error)
        else:
            messages.success(self.request, _posted(len(results), any(result.status == "held" for result in results)))
            return redirect(shown.page("journal", journal))
        return self.page(head, lines)

    def notice_for(self, plan: Plan | None) -> str:
        """That this takes a second person: what policies say of all books until a book was chosen."""
        book = None if plan is None else plan.lines[0].found
        return notice(self.approval_command, book.book_id if book else None)

    def ask_for(self, head: JournalForm, lines: LinesBase, needed: ApprovalRequired) -> HttpResponse:
        """Asks for the approval of a second person, or shows the form again with what stands against it."""
        try:
            return ask(self.request, needed)
        except REFUSALS as error:
            refuse(head, error)
            return self.page(head, lines)

    def page(
        self, head: JournalForm, lines: LinesBase, plan: Plan | None = None, *, changed: bool = False
    ) -> TemplateResponse:
        """The form, and the preview under it where there is one."""
        ready = plan is not None and plan.stands
        if plan is not None:
            head.data = {**dict(head.data.items()), "previewed": digest(head, plan) if ready else ""}
        options = self.model_admin.opts
        context = {
            **self.model_admin.admin_site.each_context(self.request),
            "title": self.label,
            "opts": options,
            "form": head,
            "lines": lines,
            "ready": ready,
            "changed": changed,
            "preview": _preview(plan) if plan else [],
            "sums": _sums(plan) if plan else [],
            "back": self.model_admin.address(None),
            "approval_notice": self.notice_for(plan),
            "failed": bool(head.errors) or any(lines.errors),
        }
        return TemplateResponse(self.request, self.template_name, context)


def _untouched(data: QueryDict) -> JournalForm:
    """The head as it was typed, without a word about what is still missing."""
    return JournalForm(initial={name: data.get(name) for name in JournalForm.base_fields})


def _posted(count: int, held: bool) -> str:
    number = {"count": count}
    if held:
        return (
            ngettext(
                "It is recorded: its transfer is held.", "It is recorded: its %(count)d transfers are held.", count
            )
            % number
        )
    return (
        ngettext("The journal was posted: one transfer.", "The journal was posted: %(count)d transfers.", count)
        % number
    )


def _preview(plan: Plan) -> list[dict[str, Any]]:
    rows = []
    for part, outcome in zip(plan.parts, plan.outcomes, strict=True):
        debit, credit = plan.lines[part.debit].found, plan.lines[part.credit].found
        assert debit is not None
        places = debit.asset.places
        rows.append(
            {
                "debit": debit,
                "credit": credit,
                "asset": debit.asset,
                "outcome": outcome,
                "amount": _units(part.amount, places),
                "debit_after": _units(outcome.debit_balance, places),
                "credit_after": _units(outcome.credit_balance, places),
            }
        )
    return rows


def _sums(plan: Plan) -> list[dict[str, str]]:
    return [{"asset": each.code, "amount": _units(each.debit, each.places)} for each in totals(plan.lines)]


def _units(units: int, places: int) -> str:
    return shown.amount(to_decimal(units), places)
