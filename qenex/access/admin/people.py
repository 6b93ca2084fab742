"""Users in the back office: what they are; what is done with them has pages of its own."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import User
from django.forms import ModelForm
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qenex.access import people, stepup
from qenex.access.admin.asking import ask
from qenex.access.admin.pages import persons
from qenex.access.admin.scopes import BookScopeInline
from qenex.access.approvals import ApprovalRequired
from qenex.access.mfa import enrolment

if TYPE_CHECKING:
    Base = DjangoUserAdmin[User]
else:
    Base = DjangoUserAdmin

PAGES: dict[str, tuple[type[persons.PersonPage], Any]] = {
    "roles": (persons.ChangeRoles, gettext_lazy("Roles")),
    "password": (persons.SetPassword, gettext_lazy("Set the password")),
    "second-factors": (persons.ResetFactors, gettext_lazy("Remove the second factors")),
    "sessions": (persons.EndSessions, gettext_lazy("End all sessions")),
}
"""The last part of the address → the page, and the label of the button that leads to it."""

admin.site.unregister(User)


@admin.register(User)
class UserAdmin(Base):
    """Fields are changed by a service; a fresh second factor is needed for the form."""

    change_form_template = "access/user.html"
    list_display = ("username", "last_name", "first_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", "groups")
    filter_horizontal = ()
    actions = None
    inlines = (BookScopeInline,)
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        (gettext_lazy("What the user may do"), {"fields": ("is_active", "is_staff", "is_superuser", "roles")}),
        (gettext_lazy("How the user signs in"), {"fields": ("second_factors", "last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("username", "password1", "password2")}),)
    readonly_fields = ("roles", "second_factors", "last_login", "date_joined")

    def get_urls(self) -> list[URLPattern]:
        """The pages before Django's own, one of which would set a password."""
        view = self.admin_site.admin_view
        own = [
            path(f"<int:user_id>/{slug}/", view(page.as_view()), name=f"auth_user_{slug.replace('-', '_')}")
            for slug, (page, _label) in PAGES.items()
        ]
        return [*own, *(each for each in super().get_urls() if each.name != "auth_user_password_change")]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody but superusers makes superusers, or changes one."""
        if request.user.is_superuser:
            return self.readonly_fields
        whole = ("username", "first_name", "last_name", "email", "is_active", "is_staff")
        return (*self.readonly_fields, "is_superuser", *(whole if obj is not None and obj.is_superuser else ()))

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        """A new user has no books yet."""
        return self.inlines if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody: events name their users for ever. Users are deactivated."""
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """Without Django's transaction, for the service has its own."""
        return self._add_view(request, form_url, extra_context)  # type: ignore[attr-defined]  # Django's

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Without Django's transaction, for the service has its own; and only after the second factor."""
        if request.method == "POST" and not stepup.fresh(request):
            return stepup.ask(request)
        extra = {"pages": self._pages(request, object_id), **(extra_context or {})}
        try:
            return self._changeform_view(request, object_id, form_url, extra)  # type: ignore[attr-defined]  # Django's
        except ApprovalRequired as needed:
            return ask(request, needed)
        except people.PersonError as error:
            messages.error(request, str(error))
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: User, form: "ModelForm[User]", change: bool) -> None:
        """Calls user_create or user_change. Raises PersonError."""
        if not change:
            people.user_create(user=obj)
            return
        changed = [name for name in form.changed_data if name in people.FIELDS]
        people.user_change(user=obj, fields={name: form.cleaned_data[name] for name in changed})

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Nothing: the event says what was changed."""
        return []

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: roles and books have pages of their own."""

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, user: User) -> str:
        """The groups."""
        return ", ".join(user.groups.order_by("name").values_list("name", flat=True)) or "-"

    @admin.display(description=gettext_lazy("second factors"))
    def second_factors(self, user: User) -> str:
        """What is set up."""
        have = ", ".join(sorted(str(each.label) for each in enrolment.methods(user)))
        left = enrolment.recovery_codes_left(user)
        return _("%(have)s; %(left)d recovery codes") % {"have": have or _("none"), "left": left}

    def _pages(self, request: HttpRequest, object_id: str | None) -> list[tuple[str, Any]]:
        if object_id is None or not object_id.isdigit():
            return []
        allowed = {slug: label for slug, (page, label) in PAGES.items() if request.user.has_perm(page.permission)}
        names = ((f"admin:auth_user_{slug.replace('-', '_')}", label) for slug, label in allowed.items())
        return [(reverse(name, args=[object_id]), label) for name, label in names]
