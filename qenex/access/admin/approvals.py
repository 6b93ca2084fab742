"""The inbox of requests, and a request with what it will do, where another person approves or rejects it."""

import json
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qenex.access import approvals, stepup
from qenex.access.admin.inboxform import InboxForm
from qenex.access.approvals import directory, inbox, registry
from qenex.access.approvals.errors import ApprovalError
from qenex.access.approvals.looking import look
from qenex.access.approvals.rules import CHECK, may_check
from qenex.access.models import Approval, ApprovalStatus
from qenex.admin import KeysetAdmin, KeysetChangeList, ViewOnlyAdmin
from qenex.kernel import scope
from qenex.kernel.transactions import Busy
from qenex.kernel.versions import Stale

ERRORS: dict[type[Exception], Any] = {
    approvals.OwnRequest: gettext_lazy("Nobody decides about his own request."),
    approvals.Decided: gettext_lazy("It was decided before."),
    approvals.Expired: gettext_lazy("The time to approve it is over."),
    Stale: gettext_lazy("It was changed since you looked at it."),
    Busy: gettext_lazy("The book is busy; try again."),
}
_DONE: dict[str, Any] = {
    ApprovalStatus.EXECUTED: gettext_lazy("Approved, and carried out."),
    ApprovalStatus.REJECTED: gettext_lazy("Rejected."),
    ApprovalStatus.WITHDRAWN: gettext_lazy("Withdrawn."),
}
DECISIONS = ("approve", "reject", "withdraw")


class InboxChangeList(KeysetChangeList):
    """The requests that the form asks for."""

    form: InboxForm

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """The rows that the form lets through; none where it is not valid."""
        self.form = form = InboxForm(request.GET, request.user)
        for name in form.fields:
            self.filter_params.pop(name, None)
        rows = super().get_queryset(request, exclude_parameters)
        self.filter_params |= {name: [value] for name, value in form.data.items() if value}
        return form.narrow(rows) if form.is_valid() else rows.none()


@admin.register(Approval)
class ApprovalAdmin(KeysetAdmin[Approval], ViewOnlyAdmin[Approval]):
    """What waits for a second person, and what became of it."""

    keyset = ("-created_at", "-id")
    list_select_related = ("requester", "approver")
    list_display = ("created_at", "what", "headline", "requester", "state", "expires_at", "approver")
    change_list_template = "access/approvals/inbox.html"

    def has_view_permission(self, request: HttpRequest, obj: Approval | None = None) -> bool:
        """Who may look at requests, and everybody at his own."""
        return super().has_view_permission(request, obj) or (obj is not None and obj.requester_id == request.user.pk)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        """The requests in reach as they are now: whoever has just decided wants to see that."""
        return scope.narrowed(super().get_queryset(request).using("default"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list class."""
        return InboxChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The inbox."""
        tabs = InboxForm.tabs(request.user)
        return super().changelist_view(request, {"title": _("Approvals"), "tabs": tabs, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        """The number in the header, and the decisions."""
        protected = self.admin_site.admin_view
        decisions = [
            path(
                f"<uuid:object_id>/{name}/",
                protected(partial(self.decide, name)),
                name=f"access_approval_{name}",
            )
            for name in DECISIONS
        ]
        waiting = path("waiting/", protected(self.waiting), name="access_approval_waiting")
        return [waiting, *decisions, *super().get_urls()]

    def waiting(self, request: HttpRequest) -> HttpResponse:
        """How many requests wait for whoever asks."""
        if not request.user.has_perm(CHECK):
            raise PermissionDenied
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        answer: HttpResponse = JsonResponse({"waiting": inbox.waiting(request.user)})
        answer["Cache-Control"] = "no-store"
        return answer

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A request, with what it will do as things stand."""
        approval = self.found(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Request: %(what)s") % {"what": label(approval.command)},
            "opts": self.opts,
            "approval": approval,
            "what": label(approval.command),
            "book": approval.book_id and directory.book_name(approval.book_id),
            "payload": json.dumps(json.loads(bytes(approval.payload)), indent=2, ensure_ascii=False),
            "hash": bytes(approval.payload_hash).hex(),
            **_differences(approval),
            **self.ways(request, approval),
        }
        return TemplateResponse(request, "access/approvals/request.html", context)

    def ways(self, request: HttpRequest, approval: Approval) -> dict[str, Any]:
        """What the person who looks may do."""
        user: Any = request.user
        pending = approval.status == ApprovalStatus.PENDING
        own = approval.requester_id == user.pk
        url = reverse("admin:access_approval_change", args=[approval.pk])
        return {
            "own": own,
            "may_withdraw": own and pending,
            "may_check": pending and not own and may_check(approval, user),
            "fresh": stepup.fresh(request),
            "here": url,
        }

    def found(self, request: HttpRequest, object_id: Any) -> Approval:
        """The request, where this person may look at it. Raises Http404 and PermissionDenied."""
        try:
            approval = self.get_queryset(request).select_related("requester", "approver").get(pk=UUID(str(object_id)))
        except (ValueError, Approval.DoesNotExist):
            raise Http404(_("There is no such request.")) from None
        if not self.has_view_permission(request, approval):
            raise PermissionDenied
        return approval

    def decide(self, decision: str, request: HttpRequest, object_id: UUID) -> HttpResponseBase:
        """Approves, rejects or withdraws: a POST with the version that was seen, after a fresh second factor."""
        approval = self.found(request, object_id)
        here = reverse("admin:access_approval_change", args=[approval.pk])
        user: Any = request.user
        if decision != "withdraw" and not user.has_perm(CHECK):
            raise PermissionDenied
        if decision == "withdraw" and approval.requester_id != user.pk:
            raise PermissionDenied
        if request.method != "POST":
            return redirect(here)
        if decision != "withdraw" and not stepup.fresh(request):
            return stepup.ask(request, here)
        self._carry_out(request, decision, approval)
        return redirect(here)

    def _carry_out(self, request: HttpRequest, decision: str, approval: Approval) -> None:
        given, user = request.POST, request.user
        version = int(given["version"]) if given.get("version", "").isdigit() else None
        comment = given.get("comment", "").strip()
        if decision == "reject" and not comment:
            messages.error(request, _("Say why you reject it."))
            return
        arguments: dict[str, Any] = {"approval": approval.pk, "by": user, "version": version}
        if decision != "withdraw":
            arguments["comment"] = comment
        try:
            decided = getattr(approvals, decision)(**arguments)
        except approvals.NotAllowed as error:
            messages.error(request, str(error))
        except (ApprovalError, Stale, Busy) as error:
            messages.error(request, str(ERRORS[type(error)]))
        else:
            _say(request, decided)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The request's events, in place of Django's log of its own forms."""
        approval = self.found(request, object_id)
        return redirect(f"{reverse('admin:kernel_event_changelist')}?subject_id={approval.pk}")

    @admin.display(description=gettext_lazy("command"))
    def what(self, approval: Approval) -> SafeString:
        """The command in words, linked by the list."""
        return format_html("{}", label(approval.command))

    @admin.display(description=gettext_lazy("what it will do"))
    def headline(self, approval: Approval) -> str:
        """The difference in one line."""
        document = json.loads(bytes(approval.difference))
        first = document["changes"][0] if document["changes"] else None
        return f"{document['headline']}: {first[0]} {first[1]} → {first[2]}" if first else document["headline"]

    @admin.display(description=gettext_lazy("status"))
    def state(self, approval: Approval) -> SafeString:
        """The status in its colour."""
        shown = '<span class="approval-state approval-state-{}">{}</span>'
        return format_html(shown, approval.status, approval.get_status_display())


def label(command: str) -> str:
    """A command in words; its name where no app knows it any more."""
    known = {each.name: str(each.label) for each in registry.commands()}
    return capfirst(known.get(command, command))


def _differences(approval: Approval) -> dict[str, Any]:
    """What it would have done when it was requested, and what it would do now."""
    stored, now = json.loads(bytes(approval.difference)), look(approval)
    shown = now.difference if now is not None and now.difference is not None else stored
    changed = now is not None and now.changed
    return {
        "difference": shown,
        "before_difference": stored if changed and shown != stored else None,
        "changed": changed,
        "refusal": now.refusal if now is not None else None,
    }


def _say(request: HttpRequest, decided: Approval) -> None:
    if decided.status == ApprovalStatus.FAILED:
        messages.error(request, _("Approved, but it failed: %(detail)s") % {"detail": decided.detail})
    else:
        messages.success(request, str(_DONE[decided.status]))
