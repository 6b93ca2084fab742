"""Applications of Django's, set up in our way."""

from importlib import import_module

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.contrib.staticfiles.apps import StaticFilesConfig as DjangoStaticFilesConfig


class AdminConfig(DjangoAdminConfig):
    """Makes `admin.site` ours, so that there is one site and no second door."""

    default_site = "qenex.admin.Site"

    def ready(self) -> None:
        """Makes the Celery application too: without it tasks of this process would be sent to nobody's queue."""
        super().ready()
        import_module("qenex.celery")


class StaticFilesConfig(DjangoStaticFilesConfig):
    """Collects what our pages use, and not the old libraries of pages that nobody here can open."""

    ignore_patterns = [*DjangoStaticFilesConfig.ignore_patterns, "rest_framework", "redoc", "oauth2-redirect.*"]
