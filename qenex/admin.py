"""The one admin site and the base classes of its pages."""

from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path, reverse
from django.utils.http import urlencode

from qenex.kernel.keyset import Cursor, CursorInvalid, Keyset

M = TypeVar("M", bound=Model)

CURSOR = "cursor"
REPLACED = frozenset({"login", "logout", "password_change", "password_change_done"})
"""Names of Django's pages that are not there: ours take their place."""

if TYPE_CHECKING:

    class BaseAdmin(admin.ModelAdmin[M]):
        """The base of every page."""

else:

    class BaseAdmin(admin.ModelAdmin):
        """The base of every page; Django's own takes no type argument when it runs."""

        __class_getitem__ = classmethod(GenericAlias)


class Site(admin.AdminSite):
    """The staff's whole world."""

    site_header = "QENEX"
    site_title = "QENEX"
    index_title = "Back office"

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff whose browser has shown both factors."""
        session = getattr(request, "staff_session", None)
        return super().has_permission(request) and session is not None and session.verified_at is not None

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one page to sign in on, and this site's other pages lead there."""
        return redirect(f"{reverse('admin:login')}?{urlencode({'next': request.get_full_path()})}")

    def get_urls(self) -> list[Any]:
        """The pages of signing in come in the place of Django's own."""
        others = (each for each in super().get_urls() if getattr(each, "name", None) not in REPLACED)
        return [path("", include("qenex.access.admin.urls")), *others]


class KeysetChangeList(ChangeList):
    """A list in one order, with links to the pages before and after it; it counts nothing."""

    model_admin: "KeysetAdmin[Any]"
    cursor: Cursor | None = None

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """The filtered rows. The cursor is no filter, and a changed filter starts at the first page."""
        text = self.params.pop(CURSOR, None)
        self.filter_params.pop(CURSOR, None)
        if text is not None:
            self.cursor = _decode(text)
        return super().get_queryset(request, exclude_parameters)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """The keyset's order, whatever the address says."""
        return list(self.keyset())

    def keyset(self) -> tuple[str, ...]:
        """The columns of the order; a list may turn it round."""
        return tuple(self.model_admin.keyset)

    def get_results(self, request: HttpRequest) -> None:
        """One page in one query."""
        keyset = Keyset(self.keyset())
        try:
            page = keyset.page(self.queryset, self.cursor, self.list_per_page)
        except CursorInvalid as error:
            raise IncorrectLookupParameters from error
        self.result_list = page.items
        self.result_count = self.full_result_count = len(page.items)
        self.show_full_result_count = self.can_show_all = False
        self.show_admin_actions = True
        self.multi_page = bool(page.previous or page.next)
        self.paginator = Paginator(page.items, self.list_per_page)
        self.falling = keyset.ordering[0].startswith("-")
        self.previous_url = self._link(page.previous)
        self.next_url = self._link(page.next)

    def _link(self, cursor: Cursor | None) -> str | None:
        return None if cursor is None else self.get_query_string({CURSOR: cursor.encode()})


class KeysetAdmin(BaseAdmin[M]):
    """Lists of tables too large to count or to skip through.

    `keyset` is their order, by columns of which the last is unique; an index must serve it. Filters should be those
    of `qenex.adminfilters`, which never look for all values of a column.
    """

    keyset: tuple[str, ...] = ("-id",)
    change_list_template = "admin/keyset_change_list.html"
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list class."""
        return KeysetChangeList


class ViewOnlyAdmin(BaseAdmin[M]):
    """Pages of facts that are never edited: posted records and events. They are read with the reader's role."""

    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        """The rows, from the reader's database."""
        return super().get_queryset(request).using("reader")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody deletes."""
        return False


def _decode(text: str) -> Cursor:
    try:
        return Cursor.decode(text)
    except CursorInvalid as error:
        raise IncorrectLookupParameters from error
