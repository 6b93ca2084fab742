"""Sign-ins of programs: who, from where, since when, and ending them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from qenex.access.models import TokenFamily
from qenex.access.tokens import families_end
from qenex.admin import KeysetAdmin, ViewOnlyAdmin
from qenex.adminfilters import days, exact

BY_ADMINISTRATOR = "by_administrator"


@admin.register(TokenFamily)
class TokenFamilyAdmin(KeysetAdmin[TokenFamily], ViewOnlyAdmin[TokenFamily]):
    """What programs do in the name of people. No token is shown, because none is kept."""

    keyset = ("-id",)  # in the order of their making
    list_display = ("created_at", "user", "method", "address", "user_agent", "refreshed_at", "expires_at", "ended_at")
    list_filter = (exact("address", _("address")), days("created_at", _("day"), _("From"), _("To")))
    search_fields = ("user__username__exact",)
    search_help_text = _("User name")
    list_select_related = ("user",)
    fields = ("id", *list_display, "ended_reason")
    actions = ("end",)  # type: ignore[assignment]  # the base has none

    def get_queryset(self, request: HttpRequest) -> QuerySet[TokenFamily]:
        """From the writer: what was just ended is shown so."""
        return super().get_queryset(request).using("default")

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
