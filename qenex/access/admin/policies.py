"""The table that says what takes two people."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qenex.access import stepup
from qenex.access.admin.approvals import label
from qenex.access.admin.asking import ask
from qenex.access.admin.policyform import PolicyForm, initial
from qenex.access.approvals import ApprovalRequired, directory, notices
from qenex.access.approvals.policies import CHANGE, Terms, policy_set
from qenex.access.models import ApprovalPolicy
from qenex.admin import KeysetAdmin
from qenex.kernel import scope
from qenex.kernel.context import because
from qenex.kernel.problems import Problem
from qenex.kernel.versions import Stale


@admin.register(ApprovalPolicy)
class PolicyAdmin(KeysetAdmin[ApprovalPolicy]):
    """Which commands need a second person, and when. A policy is switched off, never deleted."""

    actions = None
    keyset = ("command", "id")
    list_display = ("what", "when", "where", "needs", "expires", "is_active")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The table, under its own name."""
        return super().changelist_view(request, {"title": _("Approval policies"), **(extra_context or {})})

    def has_delete_permission(self, request: HttpRequest, obj: ApprovalPolicy | None = None) -> bool:
        """Nobody deletes."""
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The form of a new policy."""
        if not self.has_add_permission(request) or scope.books() is not None:
            raise PermissionDenied
        return self._page(request, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The form of a policy; for some to look at only."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        try:
            policy = ApprovalPolicy.objects.get(pk=UUID(object_id))
        except (ValueError, ApprovalPolicy.DoesNotExist):
            raise Http404(_("There is no such policy.")) from None
        if request.method == "POST" and (not self.has_change_permission(request) or scope.books() is not None):
            raise PermissionDenied
        return self._page(request, policy)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The policy's events, in place of Django's log of its own forms."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return redirect(f"{reverse('admin:kernel_event_changelist')}?subject_id={object_id}")

    def _page(self, request: HttpRequest, policy: ApprovalPolicy | None) -> HttpResponse:
        start = {"active": True} if policy is None else initial(Terms.of(policy))
        if request.method != "POST":
            return self._show(request, PolicyForm(initial=start), policy)
        if not stepup.fresh(request):
            return cast(HttpResponse, stepup.ask(request))
        form = PolicyForm(request.POST, initial=start)
        if form.is_valid():
            done = self._set(request, form, policy)
            if done is not None:
                return done
        return self._show(request, form, policy)

    def _set(self, request: HttpRequest, form: PolicyForm, policy: ApprovalPolicy | None) -> HttpResponse | None:
        """Calls policy_set; none where the form is to be shown again."""
        version = request.POST.get("version", "")
        try:
            with because(form.cleaned_data["reason"]):
                policy_set(
                    policy=policy.pk if policy else None,
                    terms=form.terms(),
                    version=int(version) if policy and version.isdigit() else None,
                )
        except ApprovalRequired as needed:
            return ask(request, needed, reason=form.cleaned_data["reason"])
        except Problem as problem:
            form.refuse(problem)
        except Stale:
            form.add_error(None, _("It was changed since you looked at it."))
        else:
            messages.success(request, _("The policy was set."))
            return redirect(reverse("admin:access_approvalpolicy_changelist"))
        return None

    def _show(self, request: HttpRequest, form: PolicyForm, policy: ApprovalPolicy | None) -> HttpResponse:
        may_set = self.has_add_permission(request) if policy is None else self.has_change_permission(request)
        if not may_set:
            for field in form.fields.values():
                field.disabled = True
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add a policy") if policy is None else label(policy.command),
            "opts": self.opts,
            "form": form,
            "policy": policy,
            "may_set": may_set,
            "notice": notices.notice(CHANGE, None),
            "fresh": stepup.fresh(request),
        }
        return TemplateResponse(request, "access/approvals/policy.html", context)

    @admin.display(description=gettext_lazy("command"))
    def what(self, policy: ApprovalPolicy) -> str:
        """The command in words."""
        return label(policy.command)

    @admin.display(description=gettext_lazy("takes two"))
    def when(self, policy: ApprovalPolicy) -> str:
        """Always, or above an amount."""
        if policy.above is None:
            return _("always")
        amount = f"{policy.above.normalize():,f} {directory.asset_name(policy.asset_id)}"
        return _("above %(amount)s") % {"amount": amount}

    @admin.display(description=gettext_lazy("book"))
    def where(self, policy: ApprovalPolicy) -> str:
        """One book, or all."""
        return directory.book_name(policy.book_id) if policy.book_id else _("every book")

    @admin.display(description=gettext_lazy("second person needs"))
    def needs(self, policy: ApprovalPolicy) -> str:
        """Whose permission."""
        return policy.permission or _("the command's permission")

    @admin.display(description=gettext_lazy("expires after"))
    def expires(self, policy: ApprovalPolicy) -> str:
        """In hours."""
        hours = policy.expires_after.total_seconds() / 3600
        return _("%(hours)g hours") % {"hours": hours}

    @admin.display(description=gettext_lazy("status"))
    def is_active(self, policy: ApprovalPolicy) -> SafeString:
        """On or off, in its colour."""
        name, text = ("executed", _("on")) if policy.active else ("off", _("off"))
        return format_html('<span class="approval-state approval-state-{}">{}</span>', name, text)
