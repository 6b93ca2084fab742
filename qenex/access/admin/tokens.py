"""Sign-ins of programs: who, from where, since when, and ending them."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from qenex.access.admin.pages.command import CommandPage
from qenex.access.models import TokenFamily
from qenex.access.tokens import families_end
from qenex.admin import KeysetAdmin, ViewOnlyAdmin
from qenex.adminfilters import days, exact
from qenex.kernel import clock

BY_ADMINISTRATOR = "by_administrator"


class EndFamily(CommandPage):
    """Ends one sign-in of anybody's program."""

    permission = "access.end_tokenfamily"
    title = _("End the program's sign-in")
    submit = _("End the sign-in")
    intro = _("Its tokens are not taken any more: at once, and within a second where programs post transfers.")
    danger = True
    subject: TokenFamily

    def find(self, **kwargs: UUID) -> TokenFamily:
        """The sign-in."""
        return get_object_or_404(TokenFamily.objects.select_related("user"), pk=kwargs["object_id"])

    def carry_out(self, data: dict[str, Any]) -> str:
        """Calls families_end."""
        ended = families_end(family=self.subject.pk, reason=BY_ADMINISTRATOR)
        return gettext("The sign-in was ended.") if ended else gettext("The sign-in had ended already.")

    def back(self) -> str:
        """The sign-ins."""
        return reverse("admin:access_tokenfamily_changelist")


@admin.register(TokenFamily)
class TokenFamilyAdmin(KeysetAdmin[TokenFamily], ViewOnlyAdmin[TokenFamily]):
    """What programs do in the name of people. No token is shown, because none is kept."""

    keyset = ("-id",)  # in the order of their making
    list_display = ("created_at", "user", "address", "user_agent", "ended_at", "end_one")
    list_filter = (exact("address", _("address")), days("created_at", _("day"), _("From"), _("To")))
    search_fields = ("user__username__exact",)
    search_help_text = _("User name")
    list_select_related = ("user",)
    fields = (
        *("id", "created_at", "user", "method", "address", "user_agent", "refreshed_at", "expires_at"),
        *("ended_at", "ended_reason"),
    )
    actions = ("end",)  # type: ignore[assignment]  # the base has none

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenFamily]:
        """From the writer: what was just ended is shown so."""
        return super().get_queryset(request).using("default")

    def get_urls(self) -> list[URLPattern]:
        """The page that ends one."""
        end = self.admin_site.admin_view(EndFamily.as_view())
        return [path("<uuid:object_id>/end/", end, name="access_tokenfamily_end"), *super().get_urls()]

    @admin.display(description="")
    def end_one(self, family: TokenFamily) -> SafeString | str:
        """The way to the page that ends it."""
        if family.ended_at is not None or family.expires_at <= clock.now():
            return ""
        return format_html('<a href="{}">{}</a>', reverse("admin:access_tokenfamily_end", args=[family.pk]), _("End"))

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Whether the user may end anybody's sign-ins."""
        return bool(request.user.has_perm("access.end_tokenfamily"))

    @admin.action(description=_("End these sign-ins"), permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Ends those that are open; their tokens are dead at once."""
        families = queryset.values_list("pk", flat=True)
        count = sum(families_end(family=family, reason=BY_ADMINISTRATOR) for family in families)
        text = ngettext("%(count)d sign-in was ended.", "%(count)d sign-ins were ended.", count)
        messages.success(request, text % {"count": count})
