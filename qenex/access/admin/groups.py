"""Roles in the back office: what they are called and may do is set by a service, after a fresh second factor."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qenex.access import groups, roles
from qenex.access.admin.pages.command import CommandPage, ReasonForm
from qenex.access.approvals.notices import notice

admin.site.unregister(Group)


class RoleForm(ReasonForm):
    """What a role is called and may do, with what it could do when the form was shown."""

    field_order = ("name", "permissions", "seen", "reason")
    name = forms.CharField(label=gettext_lazy("Name"), max_length=groups.LONGEST)
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions"), required=False, widget=forms.SelectMultiple(attrs={"size": 25})
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["permissions"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, name) for name in sorted(roles.known_permissions())]


class RolePage(CommandPage):
    """Makes a role, or changes one."""

    permission = "auth.change_group"
    title = gettext_lazy("Role")
    submit = gettext_lazy("Save")
    form_class = RoleForm
    subject: Group

    def find(self, **kwargs: Any) -> Group:
        """The role; a new one where none is named."""
        id = kwargs.get("object_id")
        if id is None:
            return Group()
        group = Group.objects.filter(pk=id).first() if id.isdigit() else None
        if group is None:
            raise Http404(_("There is no such role."))
        return group

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form, with what is so now."""
        now = groups.permissions_of(self.subject.permissions) if self.subject.pk else ()
        return self.show(RoleForm(initial={"name": self.subject.name, "permissions": now, "seen": " ".join(now)}))

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls group_set."""
        seen = data["seen"].split()
        groups.group_set(group=self.subject.pk, name=data["name"], permissions=data["permissions"], seen=seen)
        return _("The role was set.")

    def back(self) -> str:
        """The roles."""
        return reverse("admin:auth_group_changelist")

    @property
    def intro(self) -> str:
        """That a gain takes two people, where it does."""
        return notice(groups.CHANGE, None)


@admin.register(Group)
class RolesAdmin(GroupAdmin):
    """Groups, which are roles."""

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        """By the service."""
        groups.group_delete(group=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        """By the service, one after the other."""
        for group in queryset:
            groups.group_delete(group=group)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """The page of a new role."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return RolePage.as_view(permission="auth.add_group")(request)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """The page of a role; for some to look at only."""
        if self.has_change_permission(request):
            return RolePage.as_view()(request, object_id=object_id)
        if request.method == "POST":
            raise PermissionDenied
        return super().change_view(request, object_id, form_url, extra_context)
