"""Applications of Django's, set up in our way."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.contrib.staticfiles.apps import StaticFilesConfig as DjangoStaticFilesConfig
from django.core import checks


class AdminConfig(SimpleAdminConfig):
    """Makes `admin.site` ours, so that there is one site and no second door.

    Only `qenex.urls` and the checks look for the apps' pages: a process that serves none starts without them.
    """

    default_site = "qenex.admin.Site"

    def ready(self) -> None:
        """Makes the Celery application too: without it tasks of this process would be sent to nobody's queue."""
        checks.register(check_pages, checks.Tags.admin)
        import_module("qenex.celery")


def check_pages(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[checks.CheckMessage]:
    """What Django checks of an admin site, once every app's pages are there to be checked."""
    autodiscover()
    return [*check_dependencies(**options), *check_admin_app(app_configs, **options)]


class StaticFilesConfig(DjangoStaticFilesConfig):
    """Collects what our pages use, and not the old libraries of pages that nobody here can open."""

    ignore_patterns = [*DjangoStaticFilesConfig.ignore_patterns, "rest_framework", "redoc", "oauth2-redirect.*"]
