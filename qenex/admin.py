"""The one admin site and the base classes of its pages."""

from types import GenericAlias
from typing import TYPE_CHECKING, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

M = TypeVar("M", bound=Model)

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


class ViewOnlyAdmin(BaseAdmin[M]):
    """Pages of facts that are never edited: posted records and events."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False
