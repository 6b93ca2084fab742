"""Keys of programs: the list, and a page for each."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qenex.access.admin.apikeypages import MakeKey, RetireSecret, RevokeKey, RotateKey
from qenex.access.models import ApiKey, ApiKeySecret
from qenex.access.scopes import catalog
from qenex.admin import BaseAdmin
from qenex.kernel import clock, scope

LIVE, EXPIRED, REVOKED, WAITING = "live", "expired", "revoked", "waiting"
NAMES = {
    LIVE: gettext_lazy("Live"),
    EXPIRED: gettext_lazy("Expired"),
    REVOKED: gettext_lazy("Revoked"),
    WAITING: gettext_lazy("Live, a secret waits"),
}
PAGES = {"rotate": RotateKey, "retire": RetireSecret, "revoke": RevokeKey}


class StateFilter(admin.SimpleListFilter):
    """Whether a key counts."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The states."""
        return list(NAMES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        """The keys in the state."""
        over = Q(expires_at__lte=clock.now())
        live = Q(revoked_at=None) & ~over
        wanted = {LIVE: live, EXPIRED: Q(revoked_at=None) & over, REVOKED: ~Q(revoked_at=None)}
        wanted[WAITING] = live & ~Q(secret_due_at=None)
        return queryset.filter(wanted.get(self.value() or "", Q()))


@admin.register(ApiKey)
class ApiKeyAdmin(BaseAdmin[ApiKey]):
    """Keys are looked at here; whatever changes one has a page of its own."""

    actions = None
    list_display = ("name", "key_id", "owner", "scope_names", "state", "last_used_at", "expires_at")
    list_filter = (StateFilter,)
    list_select_related = ("owner",)
    search_fields = ("name", "key_id", "owner__username")
    ordering = ("-id",)
    show_facets = admin.ShowFacets.NEVER
    fields = (
        *("name", "key_id", "owner", "state", "scope_names", "book_names", "cidr_names", "live_secrets"),
        *("secret_due_at", "created_at", "expires_at", "revoked_at", "last_used_at", "last_used_address"),
    )
    readonly_fields = fields
    change_form_template = "access/apikey.html"

    def get_urls(self) -> list[URLPattern]:
        """The pages that change a key."""
        pages = [
            path(f"<uuid:key>/{name}/", self.admin_site.admin_view(page.as_view()), name=f"access_apikey_{name}")
            for name, page in PAGES.items()
        ]
        return [*pages, *super().get_urls()]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]  # a page of ours
        """The page on which one is made."""
        return MakeKey.as_view()(request)

    def has_view_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A key is of no single book: it is for who reaches every one."""
        return super().has_view_permission(request, obj) and scope.books() is None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """As above."""
        return super().has_add_permission(request) and scope.books() is None

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Not by a form of all fields."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Keys are revoked."""
        return False

    @admin.display(description=gettext_lazy("state"))
    def state(self, key: ApiKey) -> str:
        """Whether it counts."""
        if key.revoked_at is not None:
            return str(NAMES[REVOKED])
        over = key.expires_at is not None and key.expires_at <= clock.now()
        return str(NAMES[EXPIRED if over else WAITING if key.secret_due_at else LIVE])

    @admin.display(description=gettext_lazy("scopes"))
    def scope_names(self, key: ApiKey) -> str:
        """What it is for."""
        return ", ".join(key.scopes)

    @admin.display(description=gettext_lazy("books"))
    def book_names(self, key: ApiKey) -> str:
        """Where."""
        return ", ".join(name for id, name in catalog() if id in key.books) or _("all that the owner reaches")

    @admin.display(description=gettext_lazy("networks"))
    def cidr_names(self, key: ApiKey) -> str:
        """From where."""
        return ", ".join(key.cidrs) or _("everywhere")

    @admin.display(description=gettext_lazy("secrets that count"))
    def live_secrets(self, key: ApiKey) -> int:
        """How many there are."""
        return ApiKeySecret.objects.filter(key=key, retired_at=None).count()
