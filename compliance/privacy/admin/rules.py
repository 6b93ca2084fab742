"""Retention rules in the back office, and applying them now."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from compliance.models import DataClass, RetentionRule
from compliance.privacy.admin.pages import CaseForm, PrivacyAdmin, PrivacyPage
from compliance.privacy.errors import PrivacyError
from compliance.privacy.retention import retention_apply
from compliance.privacy.rules import ACTIONS, LONGEST, rule_set
from qenex.kernel.versions import Stale

LIST = "admin:compliance_retentionrule_changelist"


class RuleForm(CaseForm):
    """The terms of a rule."""

    field_order = ("keep_days", "period_days", "legal_basis", "active", "reason", "version")
    keep_days = forms.IntegerField(
        label=gettext_lazy("Is kept for days"),
        min_value=0,
        max_value=LONGEST,
        help_text=gettext_lazy("Nobody is erased before, counted from the last that the person did."),
    )
    period_days = forms.IntegerField(label=gettext_lazy("Goes after days"), min_value=1, max_value=LONGEST)
    legal_basis = forms.CharField(label=gettext_lazy("Legal basis"), max_length=300)
    active = forms.BooleanField(label=gettext_lazy("Goes by itself"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)


class SetRule(PrivacyPage):
    """Changes a rule."""

    permission = "compliance.change_retentionrule"
    title = gettext_lazy("Change the retention rule")
    submit = gettext_lazy("Change the rule")
    subject: RetentionRule

    def find(self, **kwargs: Any) -> RetentionRule:
        """The rule."""
        return get_object_or_404(RetentionRule, pk=kwargs["object_id"])

    def form(self, data: Any = None) -> forms.Form:
        """The form, with what is so now."""
        names = ("keep_days", "period_days", "legal_basis", "active", "version")
        return RuleForm(data, initial={name: getattr(self.subject, name) for name in names})

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls rule_set. Raises PrivacyError where somebody else has changed it meanwhile."""
        fields = {name: data[name] for name in ("keep_days", "period_days", "legal_basis", "active")}
        try:
            rule_set(data_class=self.subject.pk, fields=fields, version=data["version"])
        except Stale:
            raise PrivacyError(_("It was changed since you looked at it.")) from None
        return _("The rule was changed.")

    def back(self) -> str:
        """The list."""
        return reverse(LIST)


class ApplyRules(PrivacyPage):
    """Shows what is too old, and ends it."""

    permission = "compliance.apply_retention"
    title = gettext_lazy("Apply the retention rules")
    submit = gettext_lazy("End what is too old")
    intro = gettext_lazy("The clock does this once a day. What has gone cannot be brought back.")
    danger = True

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls retention_apply."""
        gone = sum(each.gone for each in retention_apply())
        return ngettext("One thing was ended.", "%(count)d things were ended.", gone) % {"count": gone}

    def show(self, form: forms.Form) -> HttpResponse:
        """The page, with a table of what would go."""
        response = super().show(form)
        assert isinstance(response, TemplateResponse)
        assert response.context_data is not None
        response.template_name = "compliance/retention.html"
        response.context_data["outcomes"] = [
            (DataClass(each.data_class).label, each.before, ACTIONS[DataClass(each.data_class)], each.gone, each.held)
            for each in retention_apply(dry_run=True)
        ]
        return response

    def back(self) -> str:
        """The list."""
        return reverse(LIST)


@admin.register(RetentionRule)
class RetentionRuleAdmin(PrivacyAdmin[RetentionRule]):
    """How long what is kept."""

    keyset = ("data_class",)
    change_list_template = "compliance/rules.html"
    list_display = ("data_class", "keep_days", "period_days", "action", "legal_basis", "active")
    list_filter = ("active",)

    def get_urls(self) -> list[URLPattern]:
        """The page that applies them."""
        apply = self.admin_site.admin_view(ApplyRules.as_view())
        return [path("apply/", apply, name="compliance_retentionrule_apply"), *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]  # a page of ours
        """The page on which one is changed."""
        if not request.user.has_perm(SetRule.permission):
            return super().change_view(request, object_id, *args, **kwargs)
        return SetRule.as_view()(request, object_id=object_id)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The rules, under their own name."""
        extra = {"title": _("Retention rules"), "may_apply": request.user.has_perm(ApplyRules.permission)}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    @admin.display(description=gettext_lazy("what becomes of it"))
    def action(self, rule: RetentionRule) -> Any:
        """In words."""
        return ACTIONS[DataClass(rule.data_class)]
